/** Text of an input, for parsers of text: every byte a character. */
export const text = (input: Uint8Array): string => Buffer.from(input).toString('latin1')

export const bytes = (...texts: string[]): Uint8Array[] =>
  texts.map((each) => Uint8Array.from(Buffer.from(each, 'latin1')))

/** A broken promise: no error of ours, so it is a finding. */
export function hold(condition: boolean, promise: string): void {
  if (!condition) throw new Error(`broken: ${promise}`)
}
