import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

/**
 * A network namespace with one link, to the network that all places share: this process's own namespace, which
 * forwards between them and leads nowhere else.
 *
 * @typedef {object} Place
 * @property {string} name of the namespace
 * @property {string} address where it is reached
 * @property {string} link what leads there, in the shared network
 */

export const ip = (/** @type {string[]} */ ...args) => execFileSync('ip', args)

let places = 0

/**
 * @param {string} name
 * @returns {Place}
 */
export function makePlace(name) {
  if (places === 0) writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  const net = `10.66.${++places}`
  const link = `to-${places}`
  ip('netns', 'add', name)
  ip('link', 'add', link, 'type', 'veth', 'peer', 'uplink', 'netns', name)
  ip('address', 'add', `${net}.1/30`, 'dev', link)
  ip('link', 'set', link, 'up')
  ip('-n', name, 'address', 'add', `${net}.2/30`, 'dev', 'uplink')
  ip('-n', name, 'link', 'set', 'lo', 'up')
  ip('-n', name, 'link', 'set', 'uplink', 'up')
  ip('-n', name, 'route', 'add', 'default', 'via', `${net}.1`)
  return { name, address: `${net}.2`, link }
}

/**
 * A program and its arguments as they run in a place.
 *
 * @param {Place} place
 * @param {string[]} command
 * @returns {[string, string[]]}
 */
export const inPlace = (place, ...command) => ['ip', ['netns', 'exec', place.name, ...command]]
