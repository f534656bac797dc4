import type { Command } from '../command.js'
import { conflicts } from '../interface/conflicts.js'

export const diffCommand: Command = {
  name: 'diff',
  summary: 'Show how a device differs from a config file',
  description: `Says, a line for each change, what would make the device what the file says. Nothing is changed. The file may be one of wg(8) or of wg-quick(8), of which the device's part is compared.

What "up" sets by itself is no difference: the mark of a device with a default route, where the file has none, and a private key that a hook sets.`,
  arguments: [
    { name: 'device', summary: 'name of the device', completes: 'device' },
    { name: 'file', summary: 'config file', completes: 'file' },
  ],
  options: [conflicts, { flags: '--json', summary: 'write the changes as JSON' }],
  examples: [
    {
      command: 'wgctrl diff wg0 /etc/wireguard/wg0.conf',
      summary: 'what has to change before the device is what its file says',
    },
  ],
  grammar: 'options',
  // As those of diff(1).
  exitStatus: [
    { name: '0', text: 'nothing differs' },
    { name: '1', text: 'something differs' },
    { name: '2', text: 'an error, which standard error tells' },
  ],
  usageStatus: 2,
  load: async () => (await import('./diff.js')).runDiff,
}
