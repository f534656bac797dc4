import { invalid } from '@wgctrl/types'
import { type Line, makeLine } from './line.js'
import type { Section, Style } from './section.js'
import { trim } from './space.js'

/** `# Name = alice`, `# friendly_name=alice`, wg-easy's `# Client: alice (id)` and WGDashboard's `#Name# = alice`. */
const TAG = /^[ \t]*#+[ \t]*(?:name|friendly[ _-]?name|client)[ \t]*#*[ \t]*[:=][ \t]*(?=[^ \t\r])/i

/** PiVPN's `### begin alice ###`, and the `### Client alice` and `# BEGIN_PEER alice` of install scripts. */
const TITLE = /^[ \t]*(?:###[ \t]*(?:begin|client)|#+[ \t]*begin_peer)[ \t]+(?=[^ \t\r])/i

/** The name that comments give to a peer: a tag, a title, or what follows `[Peer]` on its line. */
export function peerName(section: Section): string | undefined {
  const tag = [...comments(section)].find(({ text }) => TAG.test(text))
  if (tag) return trim(tag.text.replace(TAG, ''))
  const title = [...comments(section)].find(({ text }) => TITLE.test(text))
  if (title) return trim(title.text.replace(TITLE, '').replace(/[ \t]#+[ \t\r]*$/, ''))
  const header = section.header?.text ?? ''
  const mark = header.indexOf('#')
  return (mark >= 0 && trim(header.slice(mark).replace(/^#+/, ''))) || undefined
}

/** Changes the tag where there is one, else puts one below the header; `undefined` removes it. */
export function setPeerName(section: Section, name: string | undefined, style: Style): void {
  const text = name === undefined ? undefined : checkedName(name)
  for (const lines of [section.leading, section.body]) {
    const at = lines.findIndex((line) => line.statement.is === 'comment' && TAG.test(line.text))
    if (at < 0) continue
    if (text === undefined) lines.splice(at, 1)
    else lines[at] = renamed(lines[at] as Line, text)
    return
  }
  if (text !== undefined) section.insert(0, `${style.indent}# Name = ${text}`, style)
}

function renamed(line: Line, name: string): Line {
  const tag = TAG.exec(line.text)?.[0] ?? ''
  return makeLine(tag + name + (line.text.endsWith('\r') ? '\r' : ''), line.end)
}

function checkedName(name: string): string {
  const text = trim(String(name))
  if (text === '' || /[\n\r\0]/.test(text)) throw invalid('name', 'must be one line of text')
  return text
}

function* comments(section: Section): Generator<Line> {
  for (const line of section.lines()) if (line.statement.is === 'comment') yield line
}
