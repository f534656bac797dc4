import type { Spec } from '../spec/model.js'

/** The spec as the codec wants it, without what it says to people: a line for each part. */
export function tableText({ doc: _, ...spec }: Spec): string {
  const entries = Object.entries(spec).map(([key, value]) => {
    if (!Array.isArray(value)) return `  ${key}: ${JSON.stringify(value)},\n`
    const lines = value.map((each) => `    ${partText(each)},\n`)
    return lines.length === 0 ? `  ${key}: [],\n` : `  ${key}: [\n${lines.join('')}  ],\n`
  })
  return `const SPEC: Spec = {\n${entries.join('')}}\n`
}

/** Of sets and structs, each attribute and member on a line of its own. */
function partText(part: Record<string, unknown>): string {
  const inner = ['attributes', 'members', 'entries', 'formats'].find((key) => key in part)
  if (inner === undefined) return plain(part)
  const items = (part[inner] as object[]).map((each) => `      ${plain(each)},\n`)
  const rest = Object.entries(part).filter(([key]) => key !== inner && key !== 'doc')
  const head = rest.map(([key, value]) => `${key}: ${plain(value)}, `).join('')
  return `{ ${head}${inner}: [\n${items.join('')}    ] }`
}

const plain = (value: unknown): string =>
  JSON.stringify(value, (key, each) => (key === 'doc' ? undefined : each))
