const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** @param {number} count */
export function bytes(count) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3))
  const value = count / 1000 ** power
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power]}`
}

/** @param {number} rate bytes per second */
export const perSecond = (rate) => (rate < 1 ? '–' : `${bytes(rate)}/s`)

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** @param {number | string} time */
export function ago(time) {
  const seconds = Math.round((Date.now() - new Date(time).getTime()) / 1000)
  const [size, unit] = fitting(Math.abs(seconds))
  return relative.format(-Math.trunc(seconds / size), unit)
}

/**
 * @param {number} seconds
 * @returns {[number, Intl.RelativeTimeFormatUnit]}
 */
function fitting(seconds) {
  if (seconds < 60) return [1, 'second']
  if (seconds < 3600) return [60, 'minute']
  if (seconds < 86_400) return [3600, 'hour']
  return [86_400, 'day']
}

/** @param {number} time milliseconds since 1970 */
export const dateTime = (time) =>
  new Date(time).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })

/**
 * What a field of type datetime-local holds.
 *
 * @param {number | null} time milliseconds since 1970
 */
export function toField(time) {
  if (time === null) return ''
  const date = new Date(time)
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** @param {string} value of such a field; empty: none */
export const fromField = (value) => (value === '' ? null : new Date(value).getTime())
