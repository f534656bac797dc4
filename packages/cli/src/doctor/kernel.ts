import { type Finding, missing, note, ok } from './finding.js'
import type { Machine } from './machine.js'

/** Bits of CapEff. @source linux/capability.h */
const CAP_NET_ADMIN = 12
const CAP_NET_RAW = 13

/** Who made the device: the kernel, or a program that it lets make a network interface. */
export async function checkKernel(machine: Machine): Promise<Finding[]> {
  if (machine.platform !== 'linux') {
    return [
      note(
        'kernel-module',
        `${machine.platform} has no WireGuard in its kernel that wgctrl can reach`,
      ),
    ]
  }
  return [
    await checkModule(machine),
    await checkCapability(
      machine,
      'net-admin',
      CAP_NET_ADMIN,
      'CAP_NET_ADMIN',
      'devices cannot be read or changed',
    ),
    await checkCapability(
      machine,
      'net-raw',
      CAP_NET_RAW,
      'CAP_NET_RAW',
      'handshakes cannot be listened to',
    ),
    await checkTun(machine),
  ]
}

async function checkModule(machine: Machine): Promise<Finding> {
  const id = 'kernel-module'
  if ((await machine.mode('/sys/module/wireguard')) !== undefined) {
    const version = (await machine.read('/sys/module/wireguard/version'))?.trim()
    return ok(id, `WireGuard is in the kernel${version ? `, version ${version}` : ''}`)
  }
  const folder = `/lib/modules/${machine.release}`
  const lists = await Promise.all(
    ['modules.dep', 'modules.builtin'].map((name) => machine.read(`${folder}/${name}`)),
  )
  if (lists.some((list) => list && /\/wireguard\.ko/.test(list))) {
    return ok(id, 'the kernel has WireGuard as a module, which it loads when a device is made')
  }
  return note(
    id,
    `the kernel ${machine.release} has no WireGuard, or its modules are not here`,
    'use a kernel of 5.6 or newer with CONFIG_WIREGUARD; in a container, load the module on the host; else use wireguard-go',
  )
}

async function checkCapability(
  machine: Machine,
  id: string,
  bit: number,
  name: string,
  without: string,
): Promise<Finding> {
  const status = await machine.read('/proc/self/status')
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1]
  if (effective !== undefined && (BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) {
    return ok(id, `this process has ${name}`)
  }
  return missing(
    id,
    `this process does not have ${name}: ${without}`,
    `run as root, or give the service AmbientCapabilities=${name}, the container --cap-add ${name.slice('CAP_'.length)}`,
  )
}

async function checkTun(machine: Machine): Promise<Finding> {
  const id = 'tun'
  const path = '/dev/net/tun'
  const code = await machine.openError(path)
  if (code === undefined) return ok(id, `${path} can be opened`)
  if (code === 'ENOENT') {
    return note(
      id,
      `${path} is not there: userspace devices cannot be made`,
      'load the module tun; in a container, pass --device /dev/net/tun',
    )
  }
  return note(
    id,
    `${path} cannot be opened (${code}): userspace devices cannot be made`,
    'run as root',
  )
}
