import { type DeviceKind, WIREGUARD_DIALECTS, type WireGuardDialect } from '@wgctrl/types'
import type { Command, Option } from './command.js'
import { choiceOf } from './interface/choice.js'

/** Which devices are meant, and who is trusted: what every command is told in the same words. */
export interface Globals {
  /** Absent: all, in the order of the command. */
  readonly backend?: DeviceKind | undefined
  /** Whose devices and files are meant; absent: those of WireGuard. */
  readonly dialect?: WireGuardDialect | undefined
  /** Where the kernel's devices are; absent: here. */
  readonly netns?: string | number | undefined
  /** About sockets and config files, as the library takes it. */
  readonly trust: { readonly unsafePermissions?: 'allow' | undefined }
  /** Whose devices are meant, as ssh(1) takes it; absent: this machine's. */
  readonly host?: string | undefined
  /** The program that leads there, with its first arguments; absent: that of the environment, else ssh. */
  readonly ssh?: string | undefined
}

const KINDS = ['linux-kernel', 'userspace'] as const

const backend: Option = {
  flags: '--backend <kind>',
  summary: 'take devices of this kind alone: linux-kernel or userspace',
  completes: KINDS,
}

const dialect: Option = {
  flags: '--dialect <dialect>',
  summary: 'devices and config files of wireguard (the default) or amneziawg',
  completes: WIREGUARD_DIALECTS,
}

const netns: Option = {
  flags: '--netns <namespace>',
  summary: "network namespace of the kernel's devices, by name, path or pid; sockets have none",
}

const unsafePermissions: Option = {
  flags: '--unsafe-permissions',
  summary: 'take sockets and config files that other users can write: they get keys, or run hooks',
}

const host: Option = {
  flags: '--host <destination>',
  summary: 'the devices of another machine, where ssh reaches wgctrl; files stay those of this one',
}

const ssh: Option = {
  flags: '--ssh <program>',
  summary: 'with --host: the program in place of ssh, with its options; also WGCTRL_SSH',
}

/** They stand before the command; behind it, too, where it is none of wg(8). */
export const globalOptions: readonly Option[] = [
  backend,
  dialect,
  netns,
  unsafePermissions,
  host,
  ssh,
]

/** The options as a command line spells them, by their long names in camel case. */
export type RawGlobals = Readonly<Record<string, unknown>>

/**
 * Takes the options that stand before the command.
 *
 * @throws {Error} in words for the user
 */
export function takeGlobals(words: readonly string[]): { raw: RawGlobals; rest: string[] } {
  const raw: Record<string, unknown> = {}
  const rest = [...words]
  for (;;) {
    const [flag = '', value] = (rest[0] ?? '').split(/=(.*)/s)
    const option = globalOptions.find(({ flags }) => flags.split(' ')[0] === flag)
    if (!option) return { raw, rest }
    rest.shift()
    raw[attributeOf(option)] = option.flags.includes('<') ? (value ?? wordBehind(flag, rest)) : true
  }
}

function wordBehind(flag: string, rest: string[]): string {
  const value = rest.shift()
  if (value === undefined) throw new Error(`${flag}: expected a value`)
  return value
}

/** `--unsafe-permissions` as `unsafePermissions`. */
export const attributeOf = ({ flags }: Option): string =>
  flags.replace(/^--| .*$/g, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/** @throws {Error} in words for the user */
export function toGlobals(raw: RawGlobals): Globals {
  return {
    backend: choiceOf(raw, 'backend', KINDS),
    ...(raw['dialect'] !== undefined && { dialect: choiceOf(raw, 'dialect', WIREGUARD_DIALECTS) }),
    netns: namespaceOf(raw['netns']),
    trust: raw['unsafePermissions'] === true ? { unsafePermissions: 'allow' } : {},
    ...(raw['host'] !== undefined && { host: destinationOf(raw['host']) }),
    ...(raw['ssh'] !== undefined && { ssh: String(raw['ssh']) }),
  }
}

/** What whoever opens devices is told. */
export const deviceOptions = ({ trust, dialect }: Pick<Globals, 'trust' | 'dialect'>) => ({
  ...trust,
  ...(dialect !== undefined && { dialect }),
})

/** What whoever reads a config file of an interface is told. */
export const fileOptions = ({ trust, dialect }: Pick<Globals, 'trust' | 'dialect'>) => ({
  ...trust,
  dialect: dialect === 'amneziawg' ? ('awg-quick' as const) : undefined,
})

/** A number is a pid. */
export function namespaceOf(text: unknown): string | number | undefined {
  if (typeof text !== 'string') return undefined
  return /^\d+$/.test(text) ? Number(text) : text
}

/** One that ssh would take for an option has a program of the user's choice run here. */
function destinationOf(text: unknown): string {
  if (typeof text === 'string' && /^[^-\s][^\s]*$/.test(text)) return text
  throw new Error(`--host: ${JSON.stringify(text)} is no machine, such as root@gateway`)
}

/** @throws {Error} of a command that is about this machine, in words for the user */
export function checkHost({ name, isLocal }: Command, { host }: Globals): void {
  if (host === undefined || !isLocal) return
  throw new Error(`${name} is about this machine: it cannot be used with --host`)
}
