import { unknownAttributes } from '@wgctrl/netlink'
import { parseAddress } from '@wgctrl/types'
import { propertyName } from '@wgctrl/ynl'

/**
 * Where what we read is not what the kernel's own client read; each difference is a line. The two write the same things
 * in other forms:
 *
 * - it names attributes as the spec does, we as properties;
 * - it has sets of flags, we lists;
 * - its arrays tell the index of each element, which we check to be in order, or 0, and leave out;
 * - of a header's member with the name of an attribute it keeps one of the two, we both;
 * - `hex` is text for it, a number or bytes for us;
 * - it calls what it does not know `UnknownAttr(1)` and `Unknown(1)`.
 */
export function differences(ours: unknown, theirs: unknown, path = ''): string[] {
  if (theirs instanceof Uint8Array || typeof theirs === 'bigint') {
    return unless(shown(ours) === shown(theirs), ours, theirs, path)
  }
  if (isObject(theirs)) {
    if ('$bytes' in theirs) return unless(bytesText(ours) === theirs['$bytes'], ours, theirs, path)
    if ('$int' in theirs) return unless(String(ours) === theirs['$int'], ours, theirs, path)
    if ('$set' in theirs) {
      return unless(sameFlags(ours, theirs['$set'] as unknown[]), ours, theirs, path)
    }
    return isObject(ours) ? ofRecords(ours, theirs, path) : unless(false, ours, theirs, path)
  }
  if (Array.isArray(theirs)) {
    const isList = Array.isArray(ours) && ours.length === theirs.length
    if (!isList) return unless(false, ours, theirs, path)
    const start = theirs.map(indexOf)[0] ?? 0
    return theirs.flatMap((each, at) => ofElements(ours[at], each, at + start, `${path}[${at}]`))
  }
  if (typeof theirs === 'string') return unless(sameText(ours, theirs), ours, theirs, path)
  if (typeof theirs === 'number') {
    return unless(typeof ours !== 'string' && String(ours) === String(theirs), ours, theirs, path)
  }
  return unless(ours === theirs || (ours === undefined && theirs === null), ours, theirs, path)
}

type Plain = Record<string, unknown>

const isObject = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each)) ?? 'nothing'

const unless = (isSame: boolean, ours: unknown, theirs: unknown, path: string): string[] =>
  isSame ? [] : [`${path}: we read ${shown(ours)}, the kernel's client ${shown(theirs)}`]

function ofRecords(ours: Plain, theirs: Plain, path: string): string[] {
  const unknown = Object.keys(theirs).filter((key) => key.startsWith('UnknownAttr('))
  const kept = new Set(unknownAttributes(ours).map(({ type }) => `UnknownAttr(${type})`))
  const lost = unknown.filter((key) => !kept.has(key)).map((key) => `${path}: ${key} is not kept`)
  const known = Object.entries(theirs).filter(([key]) => !unknown.includes(key))
  const named = new Map(known.map(([key, value]) => [propertyName(key), value]))
  const beside = [...named.keys()].flatMap((key) => {
    const other = propertyName(`header-${key}`)
    return other in ours && !named.has(other) ? [{ key, other }] : []
  })
  const extra = Object.keys(ours)
    .filter((key) => !named.has(key) && !beside.some(({ other }) => other === key))
    .map((key) => `${path}.${key}: the kernel's client does not have it`)
  const inner = Array.from(named, ([key, value]) => {
    const found = differences(ours[key], value, `${path}.${key}`)
    const other = beside.find((each) => each.key === key)?.other
    // It is one of the two.
    return other === undefined || found.length === 0
      ? found
      : differences(ours[other], value, `${path}.${other}`)
  })
  return [...lost, ...extra, ...inner.flat()]
}

/** The index of an element, where their form has one. */
function indexOf(element: unknown): number | undefined {
  if (!isObject(element)) return undefined
  const [key = '', ...more] = Object.keys(element)
  return more.length === 0 && /^\d+$/.test(key) ? Number(key) : undefined
}

function ofElements(ours: unknown, theirs: unknown, at: number, path: string): string[] {
  const index = indexOf(theirs)
  if (index === undefined) return differences(ours, theirs, path)
  // The kernel gives some arrays no index at all: each is 0.
  const isInOrder = index === at || index === 0 ? [] : [`${path}: its index is ${index}`]
  return [...isInOrder, ...differences(ours, (theirs as Plain)[String(index)], path)]
}

const bytesText = (value: unknown): string | undefined =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : undefined

function sameFlags(ours: unknown, theirs: readonly unknown[]): boolean {
  if (!Array.isArray(ours)) return false
  const names = ours.map((each) =>
    typeof each === 'number' ? `Unknown(${Math.log2(each)})` : each,
  )
  return shown([...names].sort()) === shown([...theirs].sort())
}

function sameText(ours: unknown, theirs: string): boolean {
  if (ours === theirs) return true
  if (typeof ours === 'number' || typeof ours === 'bigint') {
    return theirs === `Unknown(${ours})` || theirs === `0x${ours.toString(16)}`
  }
  if (ours instanceof Uint8Array) return theirs.replaceAll(' ', '') === bytesText(ours)
  if (typeof ours !== 'string') return false
  const [one, other] = [ours, theirs].map((text) => parseAddress(text)?.bytes)
  return one !== undefined && bytesText(one) === bytesText(other)
}
