import { label } from './targets.mjs'

const size = { width: 420, height: 300, left: 56, right: 12, top: 34, bottom: 44 }
const colours = {
  'device()': '#1a73c7',
  'peers()': '#12a594',
  'sync()': '#8e4ec6',
  'wg show dump': '#d9480f',
  'bare read': '#888888',
  'configure()': '#1a73c7',
  'wg setconf': '#d9480f',
}

/**
 * Microseconds for each peer against the number of peers, both logarithmic: a panel for each backend,
 * reading and writing.
 *
 * @param {import('./targets.mjs').Result[]} results
 */
export function plot(results) {
  const panels = results.flatMap(({ kind, rows }) =>
    /** @type {const} */ (['reads', 'writes']).map((group) => ({
      title: `${label(kind)}: ${group === 'reads' ? 'reading' : 'writing'}`,
      lines: linesOf(rows, group),
    })),
  )
  const width = 2 * size.width
  const height = Math.ceil(panels.length / 2) * size.height
  const drawn = panels.map((panel, index) => {
    const at = `translate(${(index % 2) * size.width} ${Math.floor(index / 2) * size.height})`
    return `<g transform="${at}">${drawPanel(panel)}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${drawn.join('\n')}
</svg>
`
}

function linesOf(rows, group) {
  const sized = rows.filter(({ allowedIPs }) => allowedIPs === 2)
  return Object.keys(colours).flatMap((name) => {
    const points = sized.flatMap((row) => {
      const summary = row[group][name]
      return summary ? [{ peers: row.peers, cost: (summary.median * 1000) / row.peers }] : []
    })
    return points.length > 0 ? [{ name, points }] : []
  })
}

function drawPanel({ title, lines }) {
  const points = lines.flatMap((line) => line.points)
  const x = scale(
    points.map(({ peers }) => peers),
    size.left,
    size.width - size.right,
  )
  const y = scale(
    points.map(({ cost }) => cost),
    size.height - size.bottom,
    size.top,
  )
  const middle = (size.left + size.width) / 2
  return [
    text(middle, 18, title, 'middle" font-weight="bold'),
    text(middle, size.height - 8, 'peers', 'middle'),
    text(size.left, size.top - 4, 'µs per peer', 'end'),
    ...x.ticks.map((value) => tick(x.at(value), value, true)),
    ...y.ticks.map((value) => tick(y.at(value), value, false)),
    ...lines.map((line, index) => drawLine(line, x, y, index)),
  ].join('\n')
}

function drawLine({ name, points }, x, y, index) {
  const colour = colours[name]
  const path = points.map(({ peers, cost }) => `${round(x.at(peers))},${round(y.at(cost))}`)
  const top = size.top + 14 * index
  const left = size.width - 120
  return [
    `<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${path.join(' ')}"/>`,
    ...path.map((at) => `<circle r="2.6" fill="${colour}" cx="${at.replace(',', '" cy="')}"/>`),
    `<rect x="${left}" y="${top}" width="10" height="3" fill="${colour}"/>`,
    text(left + 15, top + 5, name, 'start'),
  ].join('')
}

function tick(at, value, isBottom) {
  const { left, right, top, bottom, width, height } = size
  const place = round(at)
  if (isBottom) {
    const line = `<line x1="${place}" x2="${place}" y1="${top}" y2="${height - bottom}" stroke="#e4e4e4"/>`
    return line + text(place, height - bottom + 14, value.toLocaleString('en'), 'middle')
  }
  const line = `<line y1="${place}" y2="${place}" x1="${left}" x2="${width - right}" stroke="#e4e4e4"/>`
  return line + text(left - 5, place + 4, value.toLocaleString('en'), 'end')
}

/** A logarithmic scale over whole powers of ten. */
function scale(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    at: (/** @type {number} */ value) =>
      from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  }
}

const text = (x, y, words, anchor) =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${words}</text>`
const round = (/** @type {number} */ value) => Math.round(value * 10) / 10
