import type { Globals } from './globals.js'
import type { Io } from './io.js'

/** A word that a command takes by its place. */
export interface Argument {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  readonly isOptional?: boolean
  /** Takes all words from here on. */
  readonly isVariadic?: boolean
  /** What a shell completes it with. */
  readonly completes?: Completion
}

/** An option as commander(3) spells it. */
export interface Option {
  /** `-j, --json`, `--interval <seconds>` */
  readonly flags: string
  /** One line, without a full stop. */
  readonly summary: string
  /** What help shows and the command gets when the option is not given. */
  readonly default?: string | number | boolean
  readonly completes?: Completion
}

/** Names of devices, paths of files, or one of some words. */
export type Completion = 'device' | 'file' | readonly string[]

export interface Example {
  readonly command: string
  readonly summary: string
}

/** An exit status and what it means. */
export interface Status {
  readonly name: string
  readonly text: string
}

/** Commands that belong together, in help, manual and completion. */
export interface CommandGroup {
  readonly title: string
  readonly commands: readonly Command[]
}

/** What a command was called with. */
export interface Invocation {
  /** The name it was started by: `wgctrl`, or `wg` when it stands in for that. */
  readonly program: string
  readonly command: string
  /** The words behind the command; of a command with grammar `options` without its options. */
  readonly words: readonly string[]
  /** By the option's long name in camel case. Empty for the grammar `words`. */
  readonly options: Readonly<Record<string, unknown>>
  readonly globals: Globals
}

/** @returns the exit status */
export type Run = (invocation: Invocation, io: Io) => Promise<number>

/** A command as data: help, man pages, docs and completion are made from it. */
export interface Command {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Paragraphs, with an empty line between them. */
  readonly description: string
  readonly arguments?: readonly Argument[]
  readonly options?: readonly Option[]
  readonly examples?: readonly Example[]
  /** Usage lines without the program's name; absent: made from arguments and options. */
  readonly usage?: readonly string[]
  /**
   * `options`: commander parses. `words`, of the commands of wg(8) alone: the command parses by itself, and is
   * started without commander.
   */
  readonly grammar: 'options' | 'words'
  /** wg(8) has it: the only commands there are when started as `wg`. */
  readonly isOfWg?: boolean
  /** Exit statuses that mean something else than those of other commands. */
  readonly exitStatus?: readonly Status[]
  /** The exit status for a command line that is wrong; absent: 1. Grammar `options` alone. */
  readonly usageStatus?: number
  /** It is about this machine, or about none: it cannot be used with `--host`. */
  readonly isLocal?: boolean
  /** Loads the code that runs it; nothing of it is loaded before. */
  load(): Promise<Run>
}
