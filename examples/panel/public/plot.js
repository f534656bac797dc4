import { bytes } from './format.js'

/** Pixels; the longest bar is what the words leave. */
const [HEIGHT, MIDDLE, LONGEST] = [170, 82, 62]

/**
 * Downloads as bars above the line, uploads below it.
 *
 * @param {HTMLElement} figure
 * @param {{ from: number, step: number, bytes: [received: number, transmitted: number][] }} plot
 */
export function drawPlot(figure, { from, step, bytes: counts }) {
  const most = Math.max(1, ...counts.flat())
  const whole = figure.clientWidth
  const width = whole / counts.length
  const svg = shape('svg', { viewBox: `0 0 ${whole} ${HEIGHT}`, role: 'img' })
  const downs = counts.map(([, transmitted]) => transmitted)
  const ups = counts.map(([received]) => received)
  svg.setAttribute('aria-label', `Download ${bytes(sum(downs))}, upload ${bytes(sum(ups))}`)
  counts.forEach(([received, transmitted], at) => {
    const time = timeOf(from + at * step, step)
    const bars = [bar(at, transmitted, 'down'), bar(at, received, 'up')]
    const group = shape('g', {})
    const title = shape('title', {})
    title.textContent = `${time}: ${bytes(transmitted)} down, ${bytes(received)} up`
    // Wide enough to be found by a finger or a mouse where the bars are short.
    const area = { x: at * width, y: 0, width, height: 2 * MIDDLE, 'fill-opacity': 0 }
    group.append(title, shape('rect', area), ...bars)
    svg.append(group)
  })
  svg.append(shape('line', { x1: 0, x2: whole, y1: MIDDLE, y2: MIDDLE }))
  svg.append(label(0, 10, 'start', `${bytes(most)} in ${duration(step)}`))
  svg.append(label(0, HEIGHT - 4, 'start', timeOf(from, step)))
  svg.append(label(whole, HEIGHT - 4, 'end', 'now'))
  figure.replaceChildren(svg, caption(sum(downs), sum(ups)))

  /**
   * @param {number} at
   * @param {number} count
   * @param {'down' | 'up'} direction
   */
  function bar(at, count, direction) {
    // What is not nothing can be seen.
    const height = count === 0 ? 0 : Math.max(1, (LONGEST * count) / most)
    const y = direction === 'down' ? MIDDLE - height : MIDDLE
    const gap = width > 4 ? 1 : 0
    return shape('rect', { class: direction, x: at * width, y, width: width - gap, height })
  }
}

/**
 * @param {number} down
 * @param {number} up
 */
function caption(down, up) {
  const made = document.createElement('figcaption')
  for (const [name, words] of [
    ['down', `Download ${bytes(down)}`],
    ['up', `Upload ${bytes(up)}`],
  ]) {
    const key = document.createElement('span')
    key.className = `key ${name}`
    key.textContent = words ?? ''
    made.append(key)
  }
  return made
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} anchor
 * @param {string} text
 */
function label(x, y, anchor, text) {
  const made = shape('text', { x, y, 'text-anchor': anchor })
  made.textContent = text
  return made
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function shape(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  return made
}

/**
 * @param {number} seconds since 1970
 * @param {number} step
 */
function timeOf(seconds, step) {
  const date = new Date(seconds * 1000)
  const time = date.toLocaleTimeString([], { timeStyle: 'short' })
  return step < 3600 ? time : `${date.toLocaleDateString([], { dateStyle: 'medium' })} ${time}`
}

/** @param {number} seconds */
const duration = (seconds) => (seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} hours`)

/** @param {number[]} counts */
const sum = (counts) => counts.reduce((total, count) => total + count, 0)
