import type { Io } from '../io.js'

/**
 * The release of wireguard-tools whose words, output and exit statuses these commands have.
 * @source wireguard-tools, src/version.h
 */
const WG_VERSION = '1.0.20260223'

/** @source wireguard-tools, src/wg.c: programs match these lines */
const SUMMARIES: readonly (readonly [string, string])[] = [
  ['show', 'Shows the current configuration and device information'],
  [
    'showconf',
    "Shows the current configuration of a given WireGuard interface, for use with `setconf'",
  ],
  ['set', 'Change the current configuration, add peers, remove peers, or change peers'],
  ['setconf', 'Applies a configuration file to a WireGuard interface'],
  ['addconf', 'Appends a configuration file to a WireGuard interface'],
  ['syncconf', 'Synchronizes a configuration file to a WireGuard interface'],
  ['genkey', 'Generates a new private key and writes it to stdout'],
  ['genpsk', 'Generates a new preshared key and writes it to stdout'],
  ['pubkey', 'Reads a private key from stdin and writes a public key to stdout'],
]

/** What wg(8) answers to anything that is none of its commands. @returns the exit status */
export function answerAsWg(words: readonly string[], io: Io): number {
  const [word = ''] = words
  if (words.length === 1 && ['-v', '--version', 'version'].includes(word)) {
    io.stdout.write(`wireguard-tools v${WG_VERSION} - https://git.zx2c4.com/wireguard-tools/\n`)
    return 0
  }
  if (words.length === 1 && ['-h', '--help', 'help'].includes(word)) {
    io.stdout.write(overview())
    return 0
  }
  io.stderr.write(`Invalid subcommand: \`${word}'\n${overview()}`)
  return 1
}

function overview(): string {
  const commands = SUMMARIES.map(([name, summary]) => `  ${name}: ${summary}\n`).join('')
  return `Usage: wg <cmd> [<args>]

Available subcommands:
${commands}You may pass \`--help' to any of these subcommands to view usage.
`
}

const ARGUMENTS: Readonly<Record<string, string>> = {
  show: ' { <interface> | all | interfaces } [public-key | private-key | listen-port | fwmark | peers | preshared-keys | endpoints | allowed-ips | latest-handshakes | transfer | persistent-keepalive | dump]',
  showconf: ' <interface>',
  set: ' <interface> [listen-port <port>] [fwmark <mark>] [private-key <file path>] [peer <base64 public key> [remove] [preshared-key <file path>] [endpoint <ip>:<port>] [persistent-keepalive <interval seconds>] [allowed-ips [+|-]<ip1>/<cidr1>[,[+|-]<ip2>/<cidr2>]...] ]...',
  setconf: ' <interface> <configuration filename>',
  addconf: ' <interface> <configuration filename>',
  syncconf: ' <interface> <configuration filename>',
}

/** Says how a command is used. */
export function printUsage(
  { program, command }: { program: string; command: string },
  io: Io,
): void {
  io.stderr.write(`Usage: ${program} ${command}${ARGUMENTS[command] ?? ''}\n`)
}
