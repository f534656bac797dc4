import { docsPage } from '@wgctrl/types'
import { counted, type Finding, missing, note, ok } from './finding.js'
import type { Machine, SeenDevice, SeenDevices } from './machine.js'

const DAEMONS = ['wireguard-go', 'boringtun-cli', 'boringtun']

const SOCKETS = '/var/run/wireguard'

/** Programs that make devices, and where they can be reached. */
export async function checkUserspace(machine: Machine): Promise<Finding[]> {
  return [await checkDaemons(machine), await checkSockets(machine)]
}

async function checkDaemons(machine: Machine): Promise<Finding> {
  const id = 'userspace-daemon'
  const chosen = machine.env['WG_QUICK_USERSPACE_IMPLEMENTATION']
  const names = chosen ? [chosen, ...DAEMONS] : DAEMONS
  const found: string[] = []
  for (const name of new Set(names)) {
    const path = name.includes('/') ? name : await machine.program(name)
    if (path !== undefined && (await machine.mode(path)) !== undefined) found.push(path)
  }
  if (found.length > 0) return ok(id, `userspace implementations: ${found.join(', ')}`)
  return note(
    id,
    'no userspace implementation is installed',
    'where the kernel has no WireGuard, install wireguard-go',
  )
}

async function checkSockets(machine: Machine): Promise<Finding> {
  const id = 'socket-directory'
  if (machine.platform === 'win32') return ok(id, 'userspace devices are named pipes')
  if ((await machine.mode(SOCKETS)) === undefined) {
    return ok(id, `${SOCKETS} is not there yet; the first userspace device makes it`)
  }
  const sockets = (await machine.list(SOCKETS)).filter((name) => name.endsWith('.sock'))
  return ok(id, `${SOCKETS} has ${counted(sockets.length, 'socket')} of userspace devices`)
}

/**
 * Userspace devices that receive nothing, as the port is lost that they had: most often another was asked for that was
 * taken. A daemon of Linux has a port from its start on, whether the link is up or not.
 *
 * @source wireguard-go, device/device.go: BindUpdate, which leaves port 0; boringtun goes on to show the old one
 */
export function checkPorts({ platform }: Machine, devices: readonly SeenDevice[]): Finding[] {
  if (platform !== 'linux') return []
  return devices.flatMap(({ name, hasNoPort }) =>
    hasNoPort
      ? [
          missing(
            `port-${name}`,
            `${name} has no UDP port and receives nothing: the one that it was to have is taken, or its daemon may open none`,
            `wgctrl set ${name} listen-port PORT, with a port that is free`,
          ),
        ]
      : [],
  )
}

/**
 * A way to devices that does not work, and devices that cannot be read.
 *
 * @param hasModule false: that the kernel has no WireGuard was told already
 */
export function checkDevices({ backends, devices }: SeenDevices, hasModule: boolean): Finding[] {
  const working = backends.filter(({ code }) => code === undefined)
  return [
    working.length > 0
      ? ok('backends', `wgctrl can use: ${working.map(({ kind }) => kind).join(', ')}`)
      : {
          id: 'backends',
          verdict: 'missing',
          text: 'nothing on this machine speaks WireGuard',
          advice: 'see above: a kernel with WireGuard, or wireguard-go and /dev/net/tun',
        },
    ...backends.flatMap(({ kind, code, message }) => {
      const isTold = kind === 'linux-kernel' && code === 'ENOBACKEND' && !hasModule
      return code === undefined || working.length === 0 || isTold
        ? []
        : [note(`backend-${kind}`, `${kind} cannot be used: ${message}`)]
    }),
    ...devices.flatMap((device) => (device.code === undefined ? [] : [unreadable(device)])),
    devicesSeen(
      devices.filter(({ code }) => code === undefined).map(({ name }) => name),
      [
        ...backends.flatMap(({ kind, code }) =>
          code === undefined || code === 'ENOBACKEND' ? [] : [`those of ${kind}`],
        ),
        ...devices.flatMap(({ name, code }) => (code === undefined ? [] : [name])),
      ],
    ),
  ]
}

function unreadable({ name, code, message = code }: SeenDevice): Finding {
  const id = `device-${name}`
  if (code === 'ECONNREFUSED') {
    return {
      id,
      verdict: 'missing',
      text: `${name} has a socket, but its daemon is gone`,
      advice: `remove ${SOCKETS}/${name}.sock, or bring the interface down and up`,
    }
  }
  return {
    id,
    verdict: 'missing',
    text: `${name} cannot be read: ${message}`,
    advice: `${docsPage('errors')} says what ${code} means`,
  }
}

/** @param hidden devices that refuse, and backends that do: they may have devices that cannot be seen */
function devicesSeen(names: readonly string[], hidden: readonly string[]): Finding {
  const text = names.length === 0 ? 'no devices' : `devices: ${names.join(', ')}`
  if (hidden.length > 0) {
    return note('devices', `${text} can be read; ${hidden.join(', ')} cannot`, 'see above')
  }
  return ok('devices', names.length === 0 ? 'there are no devices' : text)
}
