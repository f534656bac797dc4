import { type ErrorCode, unsupported, WireGuardError } from '@wgctrl/types'

/** wireguard-go on Linux recommends the kernel module in a box; the reason of a failure stands outside. */
const BANNER = /^[┌│└].*\n?/gmu

/** What the words of a daemon mean. @source wireguard-go, main.go, tun/tun_linux.go, ipc/uapi_unix.go */
const MEANINGS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/permission denied|operation not permitted/i, 'EPERM'],
  [/device or resource busy|unix socket in use|file exists/i, 'EEXIST'],
  // nsenter(1), of a file that is no network namespace.
  [/reassociate to namespace .*invalid argument/i, 'EINVAL'],
]

/** Without its file, with a file that no driver is behind, and with one that is another device or none. */
const NO_TUN =
  /\/dev\/net\/tun does not exist|\/dev\/net\/tun: no such|TUN device: (no such (device|file)|inappropriate ioctl|bad file descriptor)/i

/** What a terminal would obey: sequences that begin with ESC, and all control characters but newline and TAB. */
const CONTROLS = /(?![\n\t])(\p{Cc}\[[0-9;?]*[ -/]*[@-~]|[\p{Cc}\p{Cf}])/gu

/** What a daemon said, without decoration and without anything that a terminal would obey. */
export function complaintOf(output: string): string {
  return output.replace(CONTROLS, '').replace(BANNER, '').trim()
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
