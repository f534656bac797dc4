import type { Command } from '../command.js'

export const watchCommand: Command = {
  name: 'watch',
  summary: 'Show what peers do, as it happens',
  description: `In a terminal, a table of the busiest peers that fit on the screen: how they stand (connected, idle, gone, never), what they transfer, when they last shook hands, and a sparkline of the last minute. Above it stands how many peers are active: those that shook hands within the last three minutes, since one that can be reached does so every two, whether it transfers anything or not.

Keys: s sorts by rate, total, handshake, state or name, r the other way round; / filters by name, key, endpoint, network, device or state (enter keeps the filter, escape clears it); space pauses; the arrows, j and k, page up and down and home move a cursor, and enter opens its row for all there is to know of the peer; escape goes back. q or Ctrl-C ends it, Ctrl-Z stops it for a while.

Elsewhere, or with --lines or --json, a line for each thing that happens: devices and peers that come and go, changes, handshakes, endpoints, transfers.

Peers are called what the comments of their config file call them.`,
  arguments: [
    {
      name: 'device',
      summary: 'name of the device; all devices when absent',
      isOptional: true,
      completes: 'device',
    },
  ],
  options: [
    { flags: '-i, --interval <seconds>', summary: 'time between looks at a device', default: '1' },
    { flags: '--lines', summary: 'write lines also to a terminal' },
    { flags: '--json', summary: 'write a line of JSON for each event' },
    {
      flags: '--names <file>',
      summary: 'config file with the names of peers, instead of /etc/wireguard/DEVICE.conf',
      completes: 'file',
    },
  ],
  examples: [
    { command: 'wgctrl watch', summary: 'all devices as a table' },
    {
      command: 'wgctrl watch wg0 --json | jq .type',
      summary: 'what happens to wg0, for a program',
    },
  ],
  grammar: 'options',
  load: async () => (await import('./watch.js')).runWatch,
}
