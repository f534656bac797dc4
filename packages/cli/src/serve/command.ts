import type { Command } from '../command.js'

export const serveCommand: Command = {
  name: 'serve',
  isLocal: true,
  summary: 'Let other processes read and change devices',
  description: `Serves the devices on a UNIX socket until it is told to end, to programs that use connect() of the library: a panel without privileges asks this, which has them. What they may do, --allow says; the least is to read without keys. Who is let in, --user says, beside root and the user that this runs as; the kernel tells whose process connects. What was refused is said on standard error, with the process and its user.

With --stdio it serves one client on standard input and output: that is what "wgctrl --host" starts through ssh. In authorized_keys, command="wgctrl serve --stdio --allow read" lets a key do that and nothing else.

The rights: read; handshakes, to hear who wants to connect; peers, to change peers and nothing else; configure, that and the device's own key, port and mark; interface, that and to make, remove, and bring devices up and down; programs, with interface to have programs of the client's choice run here (daemons, lines of hooks).

It runs well as a service: SIGTERM ends it when changes under way are done, and a socket of systemd's is taken. The package has units for systemd.`,
  options: [
    {
      flags: '--socket <path>',
      summary: "where to make the socket; absent: systemd's, else /run/wgctrl.sock",
      completes: 'file',
    },
    { flags: '--stdio', summary: 'serve standard input and output instead' },
    { flags: '--allow <rights>', summary: 'what clients may do, with commas', default: 'read' },
    {
      flags: '--device <name...>',
      summary: 'the devices that they may see and change; absent: all',
      completes: 'device',
    },
    {
      flags: '--first <kind>',
      summary:
        'of two devices with one name, take that of this kind, and make devices of it: userspace, as wg(8) does, or linux-kernel',
      default: 'userspace',
      completes: ['userspace', 'linux-kernel'],
    },
    { flags: '--secrets', summary: 'show private and preshared keys' },
    { flags: '--user <name...>', summary: 'let processes of these users in, by name or number' },
    {
      flags: '--mode <mode>',
      summary: "mode of the socket's file, which those of --user have to be let through by, too",
      default: '0600',
    },
    { flags: '--group <name>', summary: "group of the socket's file, by name or number" },
  ],
  examples: [
    {
      command:
        'wgctrl serve --device wg0 --allow read,peers --user panel --mode 0660 --group panel',
      summary: 'for a panel that manages the clients of wg0',
    },
    { command: 'wgctrl --host root@gateway show', summary: 'the other end, through ssh' },
  ],
  grammar: 'options',
  load: async () => (await import('./serve.js')).runServe,
}
