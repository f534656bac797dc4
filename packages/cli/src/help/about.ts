import type { Example } from '../command.js'

/** A thing with a name and what it means. */
export interface Entry {
  readonly name: string
  readonly text: string
}

/** In what wg(8) of two years differ: ours does as the later. */
export interface Difference {
  readonly what: string
  readonly in2021: string
  readonly in2026: string
}

/** What the manual says beside the commands. */
export const about = {
  summary: 'Control WireGuard devices, of the kernel and of userspace',
  description: `wgctrl shows and changes WireGuard devices. The commands up to pubkey are those of wg(8), with its grammar, output and exit statuses; started under the name wg, the program is wg(8). Without a command it shows all interfaces. Devices of the Linux kernel and of userspace implementations such as wireguard-go are treated alike.

Options of the program stand before the command: "wgctrl --backend userspace show wg0"; behind it, too, where it is none of wg(8). Started as wg it takes none. Where a userspace device and one of the kernel have the same name, the one with the socket is taken, as by wg(8), and a warning says so; up, down and reload take the one that is an interface of this network namespace, the kernel's first.

Commands that change a config file, or bring an interface to one, wait for each other for a minute: file and device agree afterwards, whoever was at work at the same time.

Keys are read from files and never stand on a command line. Secrets are hidden in all output that is not meant to hold them.`,
  examples: [
    { command: 'wgctrl', summary: 'show all interfaces' },
    { command: 'wgctrl up wg0', summary: 'bring up /etc/wireguard/wg0.conf' },
    {
      command: 'wgctrl new client wg0 --endpoint vpn.example.net --name alice --qr',
      summary: 'add a phone',
    },
    { command: 'wgctrl help new', summary: 'all about a command; so does "wgctrl new --help"' },
  ] as readonly Example[],
  environment: [
    {
      name: 'WG_COLOR_MODE',
      text: 'always or never: colours, whether standard output is a terminal or not',
    },
    { name: 'NO_COLOR', text: 'no colours in watch and doctor' },
    { name: 'WG_HIDE_KEYS', text: 'never: show prints private and preshared keys' },
    {
      name: 'WG_ENDPOINT_RESOLUTION_RETRIES',
      text: 'how often a name server that does not answer is asked again: a number, or infinity; 15 when absent',
    },
    {
      name: 'NOTIFY_SOCKET',
      text: 'where metrics and handshakes tell a service manager how they are; see sd_notify(3)',
    },
    {
      name: 'WATCHDOG_USEC',
      text: 'how often the service manager wants a sign of life; see sd_watchdog_enabled(3)',
    },
  ] as readonly Entry[],
  files: [
    { name: '/etc/wireguard/NAME.conf', text: 'the config file of the interface NAME' },
    { name: '/var/run/wireguard/NAME.sock', text: 'the socket of the userspace device NAME' },
  ] as readonly Entry[],
  wgOfOtherYears: [
    {
      what: '`set … allowed-ips +10.0.0.0/24,-10.1.0.0/24`',
      in2021: 'refuses it',
      in2026: 'adds and takes away single networks',
    },
    {
      what: '`syncconf`, of a peer without PresharedKey or PersistentKeepalive in the file',
      in2021: 'leaves those that the peer has',
      in2026: 'clears them',
    },
    {
      what: '`show all endpoints`',
      in2021: 'has the name of the device once, and not at the start of a line',
      in2026: 'has it at the start of each line',
    },
  ] as readonly Difference[],
  seeAlso: ['wg(8)', 'wg-quick(8)', 'ip(8)'],
}
