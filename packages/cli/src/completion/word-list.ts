import type { Command, Completion, Option } from '../command.js'
import { globalOptions } from '../globals.js'

/** An option as shells see it. */
export interface Flag {
  /** With its dashes. */
  readonly long: string
  /** With its dash. */
  readonly short?: string
  readonly summary: string
  readonly takesValue: boolean
  readonly completes?: Completion
}

const HELP: Flag = { long: '--help', short: '-h', summary: 'show help', takesValue: false }

/** The options of a command, help included. */
export function flagsOf({ grammar, options = [] }: Command): Flag[] {
  const own = options.map(toFlag)
  const names = new Set(own.map(({ long }) => long))
  const globals = grammar === 'options' ? globalOptions.map(toFlag) : []
  return [...own, ...globals.filter(({ long }) => !names.has(long)), HELP]
}

function toFlag({ flags, summary, completes }: Option): Flag {
  const long = /--[\w-]+/.exec(flags)?.[0] ?? ''
  const short = /^-\w\b/.exec(flags)?.[0]
  return {
    long,
    ...(short !== undefined && { short }),
    summary,
    takesValue: /[<[]/.test(flags),
    ...(completes !== undefined && { completes }),
  }
}

/** A flag's spellings. */
export const spellings = ({ long, short }: Flag): string[] => (short ? [short, long] : [long])
