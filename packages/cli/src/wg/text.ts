import { readFileSync } from 'node:fs'
import type { Endpoint, SecretKey } from '@wgctrl/types'
import { endpointText } from 'wgctrl'
import { visible } from '../visible-text.js'

/** How wg(8) prints what is not there. */
export const NONE = '(none)'

export function keyOrNone(key: SecretKey | string | undefined): string {
  if (key === undefined) return NONE
  return typeof key === 'string' ? key : key.toBase64()
}

export function markText(mark: number): string {
  return mark === 0 ? 'off' : `0x${mark.toString(16)}`
}

export function endpointOrNone(endpoint: Endpoint | undefined): string {
  return endpoint ? visible(endpointText(endpoint, { interfaceName })) : NONE
}

/** Whole seconds since 1970 of a time; 0: never. */
export function secondsOf(time: Date | undefined): number {
  return time ? Math.floor(time.getTime() / 1000) : 0
}

/** The name of an interface by its index, of those in this namespace. @source proc_pid_net(5) */
export function interfaceName(index: number): string | undefined {
  // Each line of if_inet6: address, index, prefix length, scope, flags, name; numbers in hexadecimal.
  try {
    for (const line of readFileSync('/proc/net/if_inet6', 'utf8').split('\n')) {
      const [, hex = '', , , , name] = line.split(/\s+/)
      if (Number.parseInt(hex, 16) === index) return name
    }
  } catch {
    // Without IPv6 there is none.
  }
  return undefined
}

/** As awg(8) writes a flag. */
export const switchText = (value: boolean): 'on' | 'off' => (value ? 'on' : 'off')
