import { WireGuardError } from '@wgctrl/types'
import { REMOTE_LIMITS } from './limits.js'

/** What the other side sent is not what both have agreed on. */
export const brokenProtocol = (problem: string, offset?: number): WireGuardError =>
  new WireGuardError(problem, { code: 'EPROTO', offset })

/**
 * Walks over MessagePack before it is decoded and refuses what would cost more than its bytes: a decoder makes room
 * for as many items as a list claims to have, and nests as deep as it is told.
 *
 * @returns how many values there are
 * @throws {WireGuardError} `EPROTO` with `offset`
 * @source https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function countValues(bytes: Uint8Array): number {
  const { length } = bytes
  /** By depth: how many values the list or map there still has to come. */
  const left: number[] = [1]
  let at = 0
  let count = 0
  while (left.length > 0) {
    const top = left.length - 1
    if (left[top] === 0) {
      left.pop()
      continue
    }
    left[top] = (left[top] as number) - 1
    if (at >= length) throw brokenProtocol('a value is cut off', at)
    if (++count > REMOTE_LIMITS.values) throw brokenProtocol('too many values', at)
    const start = at
    const head = bytes[at++] as number
    const [wide, kind] = shapeOf(head)
    const size = wide === 0 ? fixedSize(head) : bigEndian(bytes, at, wide)
    at += wide
    if (kind === 'list' || kind === 'map') {
      if (size > REMOTE_LIMITS.items) throw brokenProtocol('a list is too long', start)
      if (left.length > REMOTE_LIMITS.depth) throw brokenProtocol('values nest too deep', start)
      left.push(kind === 'map' ? 2 * size : size)
    } else at += kind === 'extension' ? size + 1 : size
    if (at > length) throw brokenProtocol('a value is cut off', start)
  }
  if (at !== length) throw brokenProtocol('bytes behind the value', at)
  return count
}

type Shape = readonly [wide: 0 | 1 | 2 | 4, kind: 'bytes' | 'list' | 'map' | 'extension']

const LEAF: Shape = [0, 'bytes']

/** From 0xc0 to 0xdf. How many bytes the length has that follows, and what it is the length of. */
const SHAPES: Readonly<Record<number, Shape>> = {
  196: [1, 'bytes'],
  197: [2, 'bytes'],
  198: [4, 'bytes'],
  199: [1, 'extension'],
  200: [2, 'extension'],
  201: [4, 'extension'],
  212: [0, 'extension'],
  213: [0, 'extension'],
  214: [0, 'extension'],
  215: [0, 'extension'],
  216: [0, 'extension'],
  217: [1, 'bytes'],
  218: [2, 'bytes'],
  219: [4, 'bytes'],
  220: [2, 'list'],
  221: [4, 'list'],
  222: [2, 'map'],
  223: [4, 'map'],
}

const FIXED_LIST: Shape = [0, 'list']
const FIXED_MAP: Shape = [0, 'map']

function shapeOf(head: number): Shape {
  if (head >= 0xc0 && head < 0xe0) return SHAPES[head] ?? LEAF
  if (head >= 0x80 && head < 0x90) return FIXED_MAP
  return head >= 0x90 && head < 0xa0 ? FIXED_LIST : LEAF
}

/** From 0xca on: floats of 4 and 8 bytes, then unsigned and signed integers of 1, 2, 4 and 8, then extensions. */
const FIXED_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 16]

/** The length that the first byte says by itself. */
function fixedSize(head: number): number {
  if (head < 0x80 || head >= 0xe0) return 0
  if (head < 0xa0) return head & 0x0f
  if (head < 0xc0) return head & 0x1f
  return FIXED_BYTES[head - 0xca] ?? 0
}

function bigEndian(bytes: Uint8Array, at: number, wide: number): number {
  let value = 0
  for (let index = at; index < at + wide; index++) value = value * 256 + (bytes[index] ?? 0)
  return value
}
