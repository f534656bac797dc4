import type { DeviceKind } from '@wgctrl/types'
import type { Option } from './command.js'
import { choiceOf } from './interface/choice.js'

/** Which devices are meant, and who is trusted: what every command is told in the same words. */
export interface Globals {
  /** Absent: all, in the order of the command. */
  readonly backend?: DeviceKind | undefined
  /** Where the kernel's devices are; absent: here. */
  readonly netns?: string | number | undefined
  /** About sockets and config files, as the library takes it. */
  readonly trust: { readonly unsafePermissions?: 'allow' | undefined }
}

const KINDS = ['linux-kernel', 'userspace'] as const

const backend: Option = {
  flags: '--backend <kind>',
  summary: 'take devices of this kind alone: linux-kernel or userspace',
  completes: KINDS,
}

const netns: Option = {
  flags: '--netns <namespace>',
  summary: "network namespace of the kernel's devices, by name, path or pid; sockets have none",
}

const unsafePermissions: Option = {
  flags: '--unsafe-permissions',
  summary: 'take sockets and config files that other users can write: they get keys, or run hooks',
}

/** They stand before the command; behind it, too, where it is none of wg(8). */
export const globalOptions: readonly Option[] = [backend, netns, unsafePermissions]

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
    netns: namespaceOf(raw['netns']),
    trust: raw['unsafePermissions'] === true ? { unsafePermissions: 'allow' } : {},
  }
}

/** A number is a pid. */
export function namespaceOf(text: unknown): string | number | undefined {
  if (typeof text !== 'string') return undefined
  return /^\d+$/.test(text) ? Number(text) : text
}
