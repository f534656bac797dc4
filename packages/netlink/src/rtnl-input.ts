import {
  checkChoice,
  checkFields,
  checkInteger,
  checkLinkName,
  checkSignal,
  type Family,
  InvalidTypeError,
  invalid,
} from '@wgctrl/types'
import type { LinkChange, LinkRef, NewLink } from './rtnl.js'
import type { AddressFilter, NewAddress } from './rtnl-address.js'
import type { NewRoute, RouteFilter } from './rtnl-route.js'
import type { NewRule } from './rtnl-rule.js'
import { routeMetrics } from './specs/rt-route.js'

/** Refuses a value that a field cannot have. */
type Check = (value: unknown, path: string) => void

/** What may stand in a record: each field, and whether it has to be there. */
interface Shape<T> {
  readonly checks: readonly (readonly [field: keyof T & string, check: Check])[]
  /** The same for `checkFields`. */
  readonly known: Readonly<Record<string, true>>
  readonly required: readonly (keyof T & string)[]
}

type OptionsShape = Shape<Record<string, unknown>>

function shape<T>(
  checks: { readonly [field in keyof T & string]-?: Check },
  required: readonly (keyof T & string)[] = [],
): Shape<T> {
  const fields = Object.keys(checks) as (keyof T & string)[]
  return {
    checks: fields.map((field) => [field, checks[field]] as const),
    known: Object.fromEntries(fields.map((field) => [field, true] as const)),
    required,
  }
}

const integer =
  (least: number, most: number): Check =>
  (value, path) =>
    checkInteger(value, path, least, most)

const u8 = integer(0, 0xff)
const u32 = integer(0, 0xffff_ffff)
/** The kernel counts links from 1, in a signed int. */
const index = integer(1, 0x7fff_ffff)
const boolean: Check = (value, path) => {
  if (typeof value !== 'boolean') throw new InvalidTypeError(path, 'must be true or false')
}
/** What it says is for whoever reads it. */
const text: Check = (value, path) => {
  if (typeof value !== 'string') throw new InvalidTypeError(path, 'must be a string')
  if (value.includes('\0')) throw invalid(path, 'must not have a NUL')
}
const linkName: Check = (value, path) => checkLinkName(value as string, path)
const family: Check = (value, path) => checkChoice(value, path, [4, 6] satisfies Family[])
const METRICS = shape<Record<string, unknown>>(
  Object.fromEntries(routeMetrics.keys.map((name) => [name, u32])),
)
const metrics: Check = (value, path) => checkEach(value, path, METRICS, `${path}.`)
const bytes: Check = (value, path) => {
  if (!(value instanceof Uint8Array)) throw new InvalidTypeError(path, 'must be a Uint8Array')
}
/** Whoever opens it knows what it can be. */
const anything: Check = () => {}

export const NEW_LINK: Shape<NewLink> = shape<NewLink>(
  { name: linkName, kind: text, mtu: u32, data: bytes, up: boolean },
  ['name', 'kind'],
)

export const LINK_CHANGE: Shape<LinkChange> = shape<LinkChange>({
  up: boolean,
  name: linkName,
  mtu: u32,
  netns: anything,
})

export const LINK_FILTER: Shape<{ kind?: string; brief?: boolean }> = shape<{
  kind?: string
  brief?: boolean
}>({ kind: text, brief: boolean })

export const ADDRESS_FILTER: Shape<AddressFilter> = shape<AddressFilter>({ index, family })

export const NEW_ADDRESS: Shape<NewAddress> = shape<NewAddress>(
  { index, address: text, flags: u32 },
  ['index', 'address'],
)

export const ROUTE_FILTER: Shape<RouteFilter> = shape<RouteFilter>({
  family,
  table: u32,
  link: index,
  type: u8,
})

export const NEW_ROUTE: Shape<NewRoute> = shape<NewRoute>(
  {
    family,
    destination: text,
    table: u32,
    type: u8,
    protocol: u8,
    scope: u8,
    link: index,
    gateway: text,
    source: text,
    priority: u32,
    metrics,
  },
  ['destination'],
)

export const RULE_FILTER: Shape<{ family?: Family }> = shape<{ family?: Family }>({ family })

export const NEW_RULE: Shape<NewRule> = shape<NewRule>(
  {
    family,
    priority: u32,
    table: u32,
    action: u8,
    invert: boolean,
    from: text,
    to: text,
    firewallMark: u32,
    firewallMask: u32,
    inputLink: linkName,
    outputLink: linkName,
    suppressPrefixLength: integer(0, 0x7fff_ffff),
    l3mdev: boolean,
  },
  ['family'],
)

const ofReply: Record<string, Check> = {
  signal: (value) => checkSignal(value as AbortSignal),
  slow: boolean,
  apart: boolean,
}

/** Options of a request, and what some calls take beside. */
const REPLY: OptionsShape = shape<Record<string, unknown>>(ofReply)
export const ADD_RULE: OptionsShape = shape<Record<string, unknown>>({
  ...ofReply,
  repeat: boolean,
})
export const ADD_ROUTE: OptionsShape = shape<Record<string, unknown>>({
  ...ofReply,
  replace: boolean,
})
export const ROUTE_TO: OptionsShape = shape<Record<string, unknown>>({ ...ofReply, mark: u32 })

/**
 * Refuses what a record cannot hold, so that nothing is cut to fit or not looked at.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkInput<T>(value: T, what: string, shape: Shape<T>): void {
  checkEach(value, what, shape, '')
  for (const field of shape.required) {
    if (value[field] === undefined) throw invalid(field, 'is missing')
  }
}

/** The same for the options of a request. */
export function checkOptions(options: unknown, shape = REPLY): void {
  if (options !== undefined) checkEach(options, 'options', shape, 'options.')
}

/** @throws {TypeError | RangeError | WireGuardError} `EINVAL` for what is neither a name nor an index */
export function checkLinkRef(ref: LinkRef): void {
  if (typeof ref === 'number') index(ref, 'link')
  else if (typeof ref !== 'string') throw new InvalidTypeError('link', 'must be a name or an index')
  else if (ref === '' || ref.includes('\0')) throw invalid('link', 'is no name of a link')
}

function checkEach<T>(
  value: unknown,
  what: string,
  { checks, known }: Shape<T>,
  prefix: string,
): void {
  checkFields(value, what, known, prefix)
  for (const [field, check] of checks) {
    const given = (value as T)[field]
    if (given !== undefined) check(given, `${prefix}${field}`)
  }
}
