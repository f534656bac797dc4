import { InvalidTypeError, showable } from '@wgctrl/types'
import type { EnumSpec } from '../spec/model.js'

/** Between the numbers of the wire and the names of a spec. */
export interface Naming {
  /** A number without a name stays one. */
  decode(value: number | bigint): unknown
  /** @throws {TypeError} `EINVAL` for what is none of the names */
  encode(value: unknown, path: string): unknown
}

/** A value that is one of an enum's. */
function choice({ entries }: EnumSpec): Naming {
  const names = new Map<number | bigint, string>()
  for (const { name, value } of entries) if (!names.has(value)) names.set(value, name)
  const values = new Map(entries.map(({ name, value }) => [name, value]))
  return {
    decode: (value) => names.get(typeof value === 'bigint' ? Number(value) : value) ?? value,
    encode: (value, path) => (typeof value === 'string' ? numberOf(values, value, path) : value),
  }
}

/** A value whose bits have names: a list of them, from the lowest bit on. A bit without one stands as its number. */
function bits({ entries }: EnumSpec): Naming {
  const names = new Map(entries.map(({ name, value }) => [value, name]))
  const values = new Map(entries.map(({ name, value }) => [name, value]))
  const decode = (value: bigint): (string | number)[] => {
    const found: (string | number)[] = []
    for (let left = value, bit = 0; left > 0n; left >>= 1n, bit++) {
      if ((left & 1n) === 1n) found.push(names.get(bit) ?? 2 ** bit)
    }
    return found
  }
  return {
    // A negative number has its bits in two's complement.
    decode: (value) => decode(BigInt.asUintN(64, BigInt(value))),
    encode(value, path) {
      if (!Array.isArray(value)) return value
      let sum = 0n
      value.forEach((item: unknown, at) => {
        sum |= bitOf(values, item, `${path}[${at}]`)
      })
      return sum <= 0xffff_ffffn ? Number(sum) : sum
    },
  }
}

/** How the numbers of an enum are named, or their bits. */
export const naming = (spec: EnumSpec, isFlags: boolean | undefined): Naming =>
  isFlags || spec.type === 'flags' ? bits(spec) : choice(spec)

function bitOf(values: ReadonlyMap<string, number>, item: unknown, path: string): bigint {
  if (typeof item === 'string') return 1n << BigInt(numberOf(values, item, path))
  if (typeof item === 'number' && Number.isInteger(item) && item >= 0) return BigInt(item)
  throw new InvalidTypeError(path, 'must be the name of a flag, or a number of bits')
}

function numberOf(values: ReadonlyMap<string, number>, name: string, path: string): number {
  const value = values.get(name)
  if (value !== undefined) return value
  const known = [...values.keys()].join(', ')
  throw new InvalidTypeError(path, `must be one of ${known}, not ${showable(name)}`)
}
