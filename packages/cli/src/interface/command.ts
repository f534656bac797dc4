import type { Argument, Command, Option } from '../command.js'
import { conflicts } from './conflicts.js'
import { firewall } from './firewall.js'

const target: Argument = {
  name: 'interface',
  summary:
    'name of an interface, whose file is /etc/wireguard/NAME.conf, or path of a file NAME.conf',
  completes: 'file',
}

const hooks: Option = {
  flags: '--hooks',
  summary: "run the file's PreUp, PostUp, PreDown and PostDown lines with bash",
}

const quiet: Option = { flags: '-q, --quiet', summary: 'do not name the steps' }

const hooksText = `The file's hooks are commands that run with the rights of the caller, so they run only when --hooks says so.`

export const interfaceCommands: readonly Command[] = [
  {
    name: 'up',
    summary: 'Bring an interface up from its config file',
    description: `Makes the device and gives it what the file says: keys, peers, addresses, MTU, routes, firewall rules and name servers, as wg-quick(8) does. When a step fails, those before it are taken back; so they are on SIGINT, SIGTERM and SIGHUP, where a second signal ends the command at once.

With --dry-run nothing is touched: each step is a line of output, and the status 1 when something is wrong with the file or in the way, which is all said at once.

${hooksText}`,
    arguments: [target],
    options: [
      hooks,
      {
        flags: '--backend <kind>',
        summary: 'make the device there; else the kernel is asked first, then a userspace daemon',
        completes: ['linux-kernel', 'userspace'],
      },
      {
        flags: '-n, --dry-run',
        summary: 'say what would be done, a line for each step, and do nothing',
      },
      conflicts,
      firewall,
      quiet,
    ],
    examples: [
      { command: 'wgctrl up wg0', summary: 'bring up /etc/wireguard/wg0.conf' },
      { command: 'wgctrl up -n wg0', summary: 'what that would do on this machine, as it is now' },
    ],
    grammar: 'options',
    load: async () => (await import('./up-down.js')).runUp,
  },
  {
    name: 'down',
    summary: 'Take an interface down',
    description: `Removes the device and what "up" or wg-quick(8) made for it. With SaveConfig in the file, the file is brought in line with the device before; its comments stay. An interface that has no file in /etc/wireguard is removed all the same, and so is one whose file has mistakes or can be written by others: a warning says so, hooks of a file that others can write are not run, and such a file is not written. A signal is heard when all is done; a second one ends the command at once.

${hooksText}`,
    arguments: [target],
    options: [hooks, firewall, quiet],
    examples: [{ command: 'wgctrl down wg0', summary: 'take wg0 down' }],
    grammar: 'options',
    load: async () => (await import('./up-down.js')).runDown,
  },
  {
    name: 'reload',
    summary: 'Bring an interface to what its config file says now',
    description: `Makes the difference between an interface that is up and its file: keys, peers, addresses, MTU, routes and the rules of a default route, by the least change, so that the sessions of peers that stay go on. It says what it changed, a line for each; no line: nothing differed, and nothing was sent. Hooks are not run, and name servers are left alone. A signal ends it as long as nothing was changed, and is heard when all is done from then on; a second one ends the command at once.`,
    arguments: [target],
    options: [
      { flags: '-n, --dry-run', summary: 'say what would be changed, and change nothing' },
      conflicts,
      firewall,
      quiet,
    ],
    examples: [
      { command: 'wgctrl reload wg0', summary: 'apply a changed /etc/wireguard/wg0.conf' },
    ],
    grammar: 'options',
    load: async () => (await import('./reload.js')).runReload,
  },
  {
    name: 'ensure',
    summary: 'Bring an interface to what its config file says, whether it is up or not',
    description: `Does what "up" does when there is no interface of that name, and what "reload" does when there is one; nothing, and says nothing, when it is right. It can be run at every boot and after every edit of the file. A signal takes back what was made of a new interface; one that is there is left as it was, or brought to the end.

${hooksText} They run when the interface is brought up.`,
    arguments: [target],
    options: [
      hooks,
      { flags: '-n, --dry-run', summary: 'say what would be done, and do nothing' },
      conflicts,
      firewall,
      quiet,
    ],
    examples: [{ command: 'wgctrl ensure wg0', summary: 'wg0 as /etc/wireguard/wg0.conf has it' }],
    grammar: 'options',
    load: async () => (await import('./ensure.js')).runEnsure,
  },
  {
    name: 'save',
    summary: "Write a device's present state into its config file",
    description: `Brings the file in line with the device: keys, port, mark and peers. Comments, hooks, addresses, names in endpoints and the spelling of what is the same stay. A signal leaves the old file or the new one.`,
    arguments: [target],
    examples: [{ command: 'wgctrl save wg0', summary: 'keep what "set" changed' }],
    grammar: 'options',
    load: async () => (await import('./save.js')).runSave,
  },
  {
    name: 'export',
    isLocal: true,
    summary: 'Print an interface as the file that "up" would make it from',
    description: `Prints a whole config file of an interface as it is now, whoever made it: addresses, MTU, the routing table where it is another than usual, name servers where the system tells whose they are, keys and peers. Where the interface has a config file, its comments, hooks, names of peers and names in endpoints are kept. It holds the secrets of the device: "umask 077" before writing it into a file, or --output.

With --json the same as JSON, with the names of peers; an array for all interfaces. Secrets are hidden there unless --secrets asks for them.`,
    arguments: [
      {
        ...target,
        summary:
          'name of an interface, or path of its file NAME.conf; all when absent, with --json or --output',
        isOptional: true,
        completes: 'device',
      },
    ],
    options: [
      { flags: '-j, --json', summary: 'print JSON; secrets show as "(hidden)"' },
      { flags: '--secrets', summary: 'with --json: print private and preshared keys' },
      {
        flags: '--output <folder>',
        summary: 'write NAME.conf there for each, readable by its owner alone; none is overwritten',
        completes: 'file',
      },
    ],
    examples: [
      {
        command: 'wgctrl export wg0',
        summary: 'an interface that another program made, as a file',
      },
      {
        command: 'wgctrl export --output /etc/wireguard',
        summary: 'a file for each interface, to take over a machine',
      },
      { command: 'wgctrl export wg0 --json', summary: 'for a program' },
    ],
    grammar: 'options',
    load: async () => (await import('./export.js')).runExport,
  },
  {
    name: 'strip',
    isLocal: true,
    summary: 'Print a config file without what is not for wg(8)',
    description: `Prints the file without the keys that wg-quick(8) alone knows, as "setconf" and "syncconf" read it. It holds the secrets of the file.`,
    arguments: [target],
    examples: [
      { command: 'wgctrl strip wg0 > wg0.wg', summary: 'what wg(8) would read of wg0.conf' },
    ],
    grammar: 'options',
    load: async () => (await import('./strip.js')).runStrip,
  },
]
