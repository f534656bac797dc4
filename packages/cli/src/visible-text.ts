/**
 * What a terminal obeys or does not show: control characters, those that turn the direction of writing, those
 * without width. What merely chooses the look of the character before it is none.
 */
const HIDDEN =
  /(?![\u{fe00}-\u{fe0f}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** Most texts: nothing is looked for in them. */
const PLAIN = /^[\x20-\x7e\n\t]*$/

/** The ends of lines and tabs of our own formats. */
const OURS = /^(?:\n|\t)$/

/**
 * A text of others, such as a name, a key of a file or a message, within a line of ours: it does nothing to a
 * terminal, ends no line and starts no column.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, '\u{fffd}')
}

/** Lines of ours with texts of others in them: what {@link visible} replaces but ends of lines and tabs. */
export function visibleLines(text: string): string {
  if (PLAIN.test(text)) return text
  return text
    .replaceAll('\r\n', '\n')
    .replace(HIDDEN, (found) => (OURS.test(found) ? found : '\u{fffd}'))
}

/** JSON that does nothing to a terminal either, and means the same. */
export function visibleJson(json: string): string {
  if (PLAIN.test(json)) return json
  return json.replace(HIDDEN, (found) => {
    if (found === '\n') return found
    // JSON knows units of UTF-16 alone.
    return Array.from({ length: found.length }, (_, at) => escapeOf(found.charCodeAt(at))).join('')
  })
}

const escapeOf = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`
