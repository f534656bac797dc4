import { reasonWithin } from '@wgctrl/types'
import { newConfig } from 'wgctrl'
import type { Invocation } from '../command.js'
import { visible } from '../visible-text.js'

type Section = ReturnType<typeof newConfig>['interface']
type PeerSection = ReturnType<ReturnType<typeof newConfig>['addPeer']>
type Options = Invocation['options']

/** A peer needs one. */
const ANY_KEY = Buffer.alloc(32).toString('base64')

/**
 * Values of options that stand for keys of a config file, read as those are: spelling and limits are the file's.
 * Absent: the option was not given.
 *
 * @throws {Error} in words for the user
 */
export const configWords = {
  addresses: (options: Options): Section['addresses'] | undefined =>
    read(options, 'address', 'Address', newConfig().interface)?.addresses,
  dns: (options: Options): Section['dns'] | undefined =>
    read(options, 'dns', 'DNS', newConfig().interface)?.dns,
  mtu: (options: Options): number | undefined =>
    read(options, 'mtu', 'MTU', newConfig().interface)?.mtu,
  keepalive: (options: Options): PeerSection['persistentKeepalive'] =>
    read(options, 'keepalive', 'PersistentKeepalive', newPeer())?.persistentKeepalive,
  networks: (
    options: Options,
    option: 'allowedIps' | 'networks' | 'reserve',
  ): readonly string[] | undefined => read(options, option, 'AllowedIPs', newPeer())?.allowedIPs,
}

const newPeer = (): PeerSection => newConfig().addPeer({ publicKey: ANY_KEY })

/** @returns the section, with the option's value; `undefined`: it was not given */
function read<T extends Section | PeerSection>(
  options: Options,
  option: string,
  key: string,
  section: T,
): T | undefined {
  const text = options[option]
  if (text === undefined) return undefined
  try {
    section.set(key, `${text}`)
    return section
  } catch (error) {
    const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const reason = reasonWithin(error).replace(`${key}: `, '')
    throw new Error(`--${flag}: ${reason}, got ${visible(JSON.stringify(text))}`)
  }
}
