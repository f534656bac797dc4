/** Colours of SGR codes, on a dark ground. */
const COLORS = new Map([
  [31, '#ff7b72'],
  [32, '#7ee787'],
  [33, '#e3b341'],
  [34, '#79c0ff'],
  [35, '#d2a8ff'],
  [36, '#56d4dd'],
])
const [GROUND, TEXT, DIM] = ['#0d1117', '#e6edf3', '#7d8590']
const [WIDTH, HEIGHT, MARGIN, TITLE] = [8.4, 19, 16, 34]

/**
 * What a terminal shows as SVG. Of control sequences it knows colours, bold and dim.
 *
 * @param {string} text lines
 * @param {string} title above the text
 * @param {number} columns characters of a line
 */
export function terminalPicture(text, title, columns) {
  const lines = text.trimEnd().split('\n').map(spansOf)
  const width = Math.ceil(columns * WIDTH + 2 * MARGIN)
  const height = lines.length * HEIGHT + TITLE + MARGIN
  const rows = lines.map((spans, index) => {
    const y = TITLE + (index + 0.75) * HEIGHT
    return spans.map((span) => spanText(span, y)).join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>
<text x="${MARGIN}" y="22" fill="${DIM}">$ ${escaped(title)}</text>
${rows.filter((row) => row !== '').join('\n')}
</svg>
`
}

/** @typedef {{ text: string, column: number, color: string, bold: boolean }} Span */

/**
 * @param {string} line
 * @returns {Span[]}
 */
function spansOf(line) {
  const spans = []
  let [column, color, bold] = [0, TEXT, false]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals are told with
  for (const [part, code] of line.matchAll(/\x1b\[([\d;?]*)[A-Za-z]|[^\x1b]+/g)) {
    if (code === undefined) {
      spans.push({ text: part, column, color, bold })
      column += [...part].length
    } else if (part.endsWith('m')) {
      for (const number of code.split(';').map(Number)) {
        if (number === 0) [color, bold] = [TEXT, false]
        else if (number === 1) bold = true
        else if (number === 2) color = DIM
        else if (number === 22) [color, bold] = [color === DIM ? TEXT : color, false]
        else if (number === 39) color = TEXT
        else color = COLORS.get(number) ?? color
      }
    }
  }
  return spans
}

/**
 * @param {Span} span
 * @param {number} y
 */
function spanText({ text, column, color, bold }, y) {
  if (text.trim() === '') return ''
  const blanks = text.length - text.trimStart().length
  const shown = text.trim()
  const x = (MARGIN + (column + blanks) * WIDTH).toFixed(1)
  const length = ([...shown].length * WIDTH).toFixed(1)
  const weight = bold ? ' font-weight="bold"' : ''
  return `<text x="${x}" y="${y}" textLength="${length}" fill="${color}"${weight} xml:space="preserve">${escaped(shown)}</text>`
}

/** @param {string} text */
const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
