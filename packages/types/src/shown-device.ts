import { type InspectOptions, inspect } from 'node:util'
import type { Device } from './device.js'

/** Levels down to a peer's endpoint and networks. */
const WHOLE = 3

/**
 * Has `console.log` show a device down to the endpoints and networks of its peers, which its own two levels would
 * hide. On the object itself, where neither copies nor comparisons nor JSON see it: the device stays plain data, and
 * its peers bear nothing.
 *
 * @internal
 */
export function shownWhole<D extends object>(device: D): D {
  return Object.defineProperty(device, inspect.custom, SHOW)
}

const SHOW = { value: show, configurable: true, writable: true }

type Shown = InspectOptions & { stylize(text: string, style: 'special'): string }

function show(this: Device, depth: number, options: Shown, inspectWith = inspect): string {
  if (depth < 0) return options.stylize('[Device]', 'special')
  const levels = options.depth === null ? null : Math.max(depth, WHOLE)
  return inspectWith({ ...this }, { ...options, depth: levels })
}
