import { ruleOf } from './key-rule.js'
import { commentOf, type Line } from './line.js'

/** A comment that speaks of the section that follows it. */
export function isOpening(line: Line): boolean {
  return (
    line.statement.is === 'comment' && !isEnd(line) && !isHiddenHeader(line) && !isHiddenKey(line)
  )
}

/** `### end alice ###`, as PiVPN writes it, or `# END_PEER alice`, as the best-known install script does. */
export function isEnd(line: Line): boolean {
  return line.statement.is === 'comment' && /^end(?:[ \t_]|$)/i.test(hiddenText(line))
}

/** The header of a section that was commented out. */
export function isHiddenHeader(line: Line): boolean {
  return (
    line.statement.is === 'comment' && /^\[[ \t]*(?:peer|interface)[ \t]*\]/i.test(hiddenText(line))
  )
}

/** A key that was commented out belongs to the section above it. */
function isHiddenKey(line: Line): boolean {
  const key = /^([a-z]+)[ \t]*=/i.exec(hiddenText(line))?.[1]
  return line.statement.is === 'comment' && key !== undefined && ruleOf(key) !== undefined
}

/** The text of a comment without its marks; PiVPN puts `#[disabled] ` before what it switches off. */
function hiddenText(line: Line): string {
  return commentOf(line).replace(/^\[disabled\][ \t]*#*[ \t]*/i, '')
}
