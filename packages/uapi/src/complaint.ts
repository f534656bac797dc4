import { type ErrorCode, unsupported, WireGuardError } from '@wgctrl/types'

/** wireguard-go on Linux recommends the kernel module in a box; the reason of a failure stands outside. */
const BANNER = /^[┌│└].*\n?/gmu

/** What the words of a daemon mean. @source wireguard-go, main.go, tun/tun_linux.go, ipc/uapi_unix.go */
const MEANINGS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/permission denied|operation not permitted/i, 'EPERM'],
  [/device or resource busy|unix socket in use|file exists/i, 'EEXIST'],
]

const NO_TUN = /\/dev\/net\/tun does not exist|\/dev\/net\/tun: no such/i

/** What a daemon said, without decoration. */
export function complaintOf(output: string): string {
  return output.replace(BANNER, '').trim()
}

/**
 * Why a daemon ended.
 *
 * @param how its exit status, or the signal that ended it
 */
export function explainDeath(command: string, how: string, complaint: string): WireGuardError {
  const message = `${command} ended (${how}) and said: ${complaint || 'nothing'}`
  if (NO_TUN.test(complaint)) return unsupported('tun', message)
  const [, code = 'EIO'] = MEANINGS.find(([words]) => words.test(complaint)) ?? []
  return new WireGuardError(message, { code })
}
