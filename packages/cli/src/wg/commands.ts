import type { Argument, Command, Option } from '../command.js'

const device: Argument = {
  name: 'interface',
  summary: 'name of a WireGuard interface',
  completes: 'device',
}

const file: Argument = {
  name: 'file',
  summary: 'configuration file, or /dev/stdin',
  completes: 'file',
}

/** The fields that `show` takes, in the order of wg(8)'s manual. @internal */
export const FIELDS = [
  'public-key',
  'private-key',
  'listen-port',
  'fwmark',
  'peers',
  'preshared-keys',
  'endpoints',
  'allowed-ips',
  'latest-handshakes',
  'transfer',
  'persistent-keepalive',
  'dump',
] as const

/** The words that `set` knows. */
const SETTINGS = [
  'listen-port',
  'fwmark',
  'private-key',
  'peer',
  'remove',
  'preshared-key',
  'endpoint',
  'persistent-keepalive',
  'allowed-ips',
] as const

const jsonOptions: readonly Option[] = [
  { flags: '--json', summary: 'print JSON; secrets show as "(hidden)"' },
  { flags: '--secrets', summary: 'with --json: print private and preshared keys' },
]

const wireGuard = { grammar: 'words', isOfWg: true } as const

/** The commands of wg(8), in its order. */
export const wgCommands: readonly Command[] = [
  {
    ...wireGuard,
    name: 'show',
    summary: 'Show interfaces and their peers',
    description: `Without a field: what there is to know, for people; the output of the fields and of dump is for scripts, one line for each peer and tabs between the columns, byte for byte as wg(8) prints it. Private and preshared keys are hidden unless a field, dump, or WG_HIDE_KEYS=never asks for them. WG_COLOR_MODE (always, never) overrules whether standard output is a terminal.

With --json the same as JSON: one object for one interface, an array for all. Counters above 2^53 are strings.

With --names peers have the names that the comments of /etc/wireguard/NAME.conf give them: in a line of their own, as the last column of a field, "(none)" where there is none, and as "name" in JSON of whole interfaces.

Of AmneziaWG (--dialect amneziawg before the command) as awg(8) prints it, dump with its columns among them, and its parameters are fields too, such as jc or header-protection-key.`,
    arguments: [
      {
        ...device,
        summary: 'name of an interface, all (the default), or interfaces for the names alone',
        isOptional: true,
      },
      { name: 'field', summary: 'print this alone', isOptional: true, completes: FIELDS },
    ],
    options: [
      ...jsonOptions,
      { flags: '--names', summary: 'with the names that config files give to peers' },
    ],
    examples: [
      { command: 'wgctrl show', summary: 'all interfaces' },
      { command: 'wgctrl show wg0 latest-handshakes', summary: 'one field, for a script' },
      { command: 'wgctrl show wg0 --json', summary: 'one interface as JSON' },
      { command: 'wgctrl show wg0 transfer --names', summary: 'who transfers how much' },
    ],
    load: async () => (await import('./show.js')).run,
  },
  {
    ...wireGuard,
    name: 'showconf',
    summary: 'Print an interface as a configuration file, secrets included',
    description: 'The output is what setconf reads.',
    arguments: [device],
    examples: [{ command: 'umask 077; wgctrl showconf wg0 > wg0.conf', summary: 'keep a copy' }],
    load: async () => (await import('./showconf.js')).run,
  },
  {
    ...wireGuard,
    name: 'set',
    summary: 'Change an interface and its peers',
    description: `Keys are read from files, so that they never stand on a command line: a path, /dev/stdin, or a process substitution. An empty file or /dev/null clears a key. allowed-ips, a list with commas, replaces what the peer has; networks with + or - before them are added or taken away instead. Peers are changed in the order in which they are given. The whole command line is checked before anything is sent.

Names in endpoints are looked up again while a name server does not answer, 15 times or WG_ENDPOINT_RESOLUTION_RETRIES (a number, or infinity).

Of AmneziaWG (--dialect amneziawg before the command) also the words of awg(8), such as jc 4, h1 100-199 or header-protection-key <file>, and persistent-keepalive 15-30.

In a terminal a long change shows how far it is.`,
    arguments: [
      device,
      { name: 'settings', summary: 'see the usage above', isVariadic: true, completes: SETTINGS },
    ],
    usage: [
      'set <interface> [listen-port <port>] [fwmark <mark>] [private-key <file>] [peer <public key> [remove] [preshared-key <file>] [endpoint <host>:<port>] [persistent-keepalive <seconds>] [allowed-ips [+|-]<ip>/<cidr>[,[+|-]<ip>/<cidr>]...]]...',
    ],
    examples: [
      {
        command: 'wgctrl set wg0 listen-port 51820 private-key /etc/wireguard/wg0.key',
        summary: 'port and key',
      },
      {
        command: 'wgctrl set wg0 peer "$key" allowed-ips +10.0.0.7/32',
        summary: 'one more network for a peer',
      },
      { command: 'wgctrl set wg0 peer "$key" remove', summary: 'remove a peer' },
    ],
    load: async () => (await import('./set.js')).run,
  },
  {
    ...wireGuard,
    name: 'setconf',
    summary: 'Make an interface what a file says',
    description:
      'The file is the whole configuration: keys and peers that it lacks are reset. All that is wrong with a file is reported, with line and column, and nothing is changed.',
    arguments: [device, file],
    examples: [{ command: 'wgctrl setconf wg0 wg0.conf', summary: 'take a file' }],
    load: async () => (await import('./conf.js')).run,
  },
  {
    ...wireGuard,
    name: 'addconf',
    summary: 'Add what a file says to an interface',
    description: 'What the file does not name stays as it is.',
    arguments: [device, file],
    examples: [{ command: 'wgctrl addconf wg0 more.conf', summary: 'add peers from a file' }],
    load: async () => (await import('./conf.js')).run,
  },
  {
    ...wireGuard,
    name: 'syncconf',
    summary: 'As setconf, by sending the differences alone',
    description:
      'Only peers and fields that differ are sent, so that sessions and traffic of the other peers go on. Where nothing differs nothing is sent. As with setconf, a file without a ListenPort asks for another port, and one without a FwMark switches off the mark that "up" chose for a default route, by which the tunnel keeps its own packets out of itself: for an interface that "up" or wg-quick(8) made, use "reload".',
    arguments: [device, file],
    examples: [
      {
        command: 'wgctrl syncconf wg0 wg0.wg',
        summary: 'make wg0 what a file for wg(8) says',
      },
    ],
    load: async () => (await import('./conf.js')).run,
  },
  {
    ...wireGuard,
    name: 'genkey',
    isLocal: true,
    summary: 'Print a new private key',
    description: 'Warns when standard output is a file that others can read.',
    examples: [{ command: 'umask 077; wgctrl genkey > wg0.key', summary: 'a key in a file' }],
    load: async () => (await import('./genkey.js')).run,
  },
  {
    ...wireGuard,
    name: 'genpsk',
    isLocal: true,
    summary: 'Print a new preshared key',
    description: 'Warns when standard output is a file that others can read.',
    examples: [{ command: 'umask 077; wgctrl genpsk > alice.psk', summary: 'a key in a file' }],
    load: async () => (await import('./genkey.js')).run,
  },
  {
    ...wireGuard,
    name: 'pubkey',
    isLocal: true,
    summary: 'Read a private key from standard input and print its public key',
    description: 'The key is base64, as genkey prints it; white space behind it is skipped.',
    examples: [{ command: 'wgctrl pubkey < wg0.key', summary: 'the public key of a file' }],
    load: async () => (await import('./pubkey.js')).run,
  },
]
