/** Anything long enough to hold a key, or a good part of one. */
const KEY_LIKE = /[A-Za-z0-9+/]{24,}=*/g

/** Characters of a text that an error repeats. */
const LONGEST = 80

/**
 * A text fit for an error message: what looks like a key is hidden, the rest cut to a length. People give
 * arguments in the wrong order, and put keys where something else belongs.
 */
export function showable(text: string): string {
  const hidden = text.replace(KEY_LIKE, '(hidden)')
  return hidden.length > LONGEST ? `${hidden.slice(0, LONGEST - 1)}…` : hidden
}

/** Input in an error message: {@link showable}, and in quotes. */
export function quoted(text: unknown): string {
  return JSON.stringify(typeof text === 'string' ? showable(text) : text) ?? String(text)
}
