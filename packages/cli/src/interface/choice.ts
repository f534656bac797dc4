import type { Invocation } from '../command.js'

/** The value of an option that takes one of a few words; absent: it was not given. */
export function choiceOf<T extends string>(
  options: Invocation['options'],
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = options[name]
  const choice = choices.find((each) => each === value)
  if (value === undefined || choice) return choice
  throw new Error(`--${name}: expected ${choices.join(' or ')}, got ${JSON.stringify(value)}`)
}
