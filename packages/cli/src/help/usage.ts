import type { Command } from '../command.js'

/** How a command is called, without the program's name: a line for each form. */
export function usageLines({ name, usage, arguments: list = [], options = [] }: Command): string[] {
  if (usage) return [...usage]
  const words = list.map(({ name: word, isOptional, isVariadic }) => {
    const text = isVariadic ? `${word}...` : word
    return isOptional ? `[${text}]` : `<${text}>`
  })
  return [[name, ...words, ...options.map(({ flags }) => `[${longest(flags)}]`)].join(' ')]
}

/** `-i, --interval <seconds>` by its long name. */
const longest = (flags: string): string => flags.replace(/^-\w, /, '')
