import type { GatewayEvent } from '@wgctrl/gateway'
import { formatEndpoint } from '@wgctrl/types'
import { errorText } from '../error-text.js'
import { visible, visibleJson } from '../visible-text.js'

/** What went wrong is worth a look, what somebody else does is not. */
const LEVELS: Readonly<Record<string, 'warning' | 'error'>> = {
  warning: 'warning',
  full: 'warning',
  failed: 'error',
  'change-failed': 'error',
  'store-away': 'error',
  'store-problem': 'warning',
  'fleet-failed': 'error',
}

/**
 * An event as a line of a log, without its end: fields of their own in JSON, words and `name=value` in text.
 *
 * @param now milliseconds since 1970
 */
export function eventLine(event: GatewayEvent, format: 'text' | 'json', now: number): string {
  const { type, ...fields } = event
  const time = new Date(now).toISOString()
  const level = LEVELS[type] ?? 'info'
  const shown = Object.entries(fields).map(([name, value]) => [name, shownOf(name, value)] as const)
  if (format === 'json') {
    return visibleJson(JSON.stringify({ time, level, event: type, ...Object.fromEntries(shown) }))
  }
  const words = shown.map(([name, value]) => `${name}=${wordOf(value)}`)
  return visible([time, level, type, ...words].join(' '))
}

/** An error by its text and code: what else it has is for programs. */
function shownOf(name: string, value: unknown): unknown {
  if (name === 'error') return errorText(value)
  if (name === 'endpoint') return formatEndpoint(value as Parameters<typeof formatEndpoint>[0])
  return typeof value === 'number' ? Math.round(value) : value
}

const wordOf = (value: unknown): string => {
  const text = String(value)
  return /^[^\s"=]+=?$/.test(text) ? text : JSON.stringify(text)
}
