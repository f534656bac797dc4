import { constants } from 'node:os'

/** Two names share a number here; these are the ones that netlink and UAPI documents use. */
const preferred = ['EAGAIN', 'EOPNOTSUPP']

/**
 * wireguard-go on Windows answers with Linux' numbers.
 * @source wireguard-go, ipc/uapi_windows.go
 */
const windows: Record<string, number> = { EIO: 5, EINVAL: 22, EADDRINUSE: 98, ENODEV: 19, EPERM: 1 }

const host = process.platform === 'win32' ? windows : constants.errno

const names = new Map<number, string>()
for (const [name, number] of Object.entries(host)) {
  if (!names.has(number) || preferred.includes(name)) names.set(number, name)
}

/**
 * The system's name of an error number, `EUNKNOWN` for one that it does not know.
 *
 * @param errno either sign: wireguard-go sends negative numbers, boringtun positive ones
 */
export function errnoName(errno: number): string {
  return names.get(Math.abs(errno)) ?? 'EUNKNOWN'
}

/** The number of an error name on this system, positive; 0 for a name that it does not know. */
export function errnoNumber(name: string): number {
  return (host as Record<string, number>)[name] ?? 0
}
