/** Columns of a line of documentation. */
const WIDTH = 100

/** A docstring of a text, indented; nothing for no text. */
export function docText(doc: string | undefined, indent = ''): string {
  if (doc === undefined) return ''
  const safe = doc.replaceAll('*/', '* /')
  if (!safe.includes('\n') && safe.length + indent.length < WIDTH)
    return `${indent}/** ${safe} */\n`
  const lines = safe.split('\n').map((line) => `${indent} * ${line.trimEnd()}`.trimEnd())
  return `${[`${indent}/**`, ...lines, `${indent} */`].join('\n')}\n`
}
