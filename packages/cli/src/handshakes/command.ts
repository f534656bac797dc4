import type { Command } from '../command.js'

export const handshakesCommand: Command = {
  name: 'handshakes',
  summary: 'Print handshake initiations as they arrive',
  description: `Prints a line for each handshake initiation that comes for a device: when it came, whose it is, where from, and whether the device has the peer. Also those of keys that the device does not know, which it drops without a word. Forged and replayed ones are left out.

It needs Linux, CAP_NET_ADMIN and CAP_NET_RAW, and a device that gives out its private key.

It runs well as a service: SIGTERM ends it, SIGHUP has it read the names again, and a service manager that sets NOTIFY_SOCKET hears how it is (with the npm package unix-dgram). The package has a unit for systemd.`,
  arguments: [{ name: 'device', summary: 'name of the device', completes: 'device' }],
  options: [
    { flags: '--json', summary: 'write a line of JSON for each' },
    {
      flags: '--netns <namespace>',
      summary: "network namespace of the device's UDP socket, by name, path or pid",
    },
    {
      flags: '--names <file>',
      summary: 'config file with the names of peers, instead of /etc/wireguard/DEVICE.conf',
      completes: 'file',
    },
  ],
  examples: [{ command: 'wgctrl handshakes wg0', summary: 'who wants to connect to wg0' }],
  grammar: 'options',
  load: async () => (await import('./handshakes.js')).runHandshakes,
}
