import type { Argument, Command } from '../command.js'

const device: Argument = { name: 'device', summary: 'name of a device', completes: 'device' }

export const deviceCommands: readonly Command[] = [
  {
    name: 'list',
    summary: 'Print the names of all devices',
    description:
      'Prints the names of the devices of the kernel and of userspace, sorted, a line for each. It reads none of them.',
    options: [{ flags: '-j, --json', summary: 'as a JSON array' }],
    examples: [{ command: 'wgctrl list', summary: 'the devices of this machine' }],
    grammar: 'options',
    load: async () => (await import('./devices.js')).runList,
  },
  {
    name: 'create',
    summary: 'Make a device without keys and peers',
    description: `Makes a device in the kernel, or where that has no WireGuard, by a userspace daemon that goes on by itself. The device has neither addresses nor routes, and is not switched on: "up" makes a whole interface. A signal takes back what was made.`,
    arguments: [{ ...device, completes: [] }],
    options: [{ flags: '--mtu <bytes>', summary: 'the MTU of the new link; of the kernel alone' }],
    examples: [
      { command: 'wgctrl create wg1 --backend userspace', summary: 'start wireguard-go for wg1' },
    ],
    grammar: 'options',
    load: async () => (await import('./devices.js')).runCreate,
  },
  {
    name: 'delete',
    summary: 'Remove a device',
    description: `Removes a device; a userspace daemon ends. What "up" made besides stays: "down" takes a whole interface away. A signal is heard when the device is gone.`,
    arguments: [device],
    options: [
      { flags: '--stale', summary: 'also remove the socket of a daemon that is gone' },
      { flags: '--hung', summary: 'also end a daemon that does not answer' },
    ],
    examples: [{ command: 'wgctrl delete wg1', summary: 'remove wg1' }],
    grammar: 'options',
    load: async () => (await import('./devices.js')).runDelete,
  },
]
