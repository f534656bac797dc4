import {
  AMNEZIA_FIELDS,
  type AmneziaConfig,
  type AmneziaField,
  type AmneziaParameters,
  type AmneziaValue,
  checkAmnezia,
  type ExtraKeys,
  isZeroKey,
  SecretKey,
} from '@wgctrl/types'
import type { AmneziaChange, ExtraChange } from './change.js'

interface AmneziaDiff {
  readonly changes: readonly AmneziaChange[]
  /** Absent: nothing differs. */
  readonly config?: AmneziaConfig
}

const HIDDEN = '(hidden)'

/** What is given is the whole: a parameter that is not there is to be what a new device has. */
export function diffAmnezia(
  current: AmneziaParameters = {},
  desired: AmneziaConfig | undefined,
): AmneziaDiff {
  if (desired === undefined) return { changes: [] }
  const wanted = checkAmnezia(desired)
  const changes: AmneziaChange[] = []
  const config: Record<string, unknown> = {}
  for (const field of AMNEZIA_FIELDS) {
    const { name, fresh } = field
    const change = diffField(field, current[name], wanted[name] ?? fresh)
    if (!change) continue
    changes.push({ kind: 'amnezia', parameter: name, ...change })
    config[name] = desired[name] ?? null
  }
  if (wanted.headerProtectionKey instanceof Uint8Array) wanted.headerProtectionKey.fill(0)
  return { changes, ...(changes.length > 0 && { config }) }
}

type Ends = Pick<AmneziaChange, 'from' | 'to'>

function diffField(
  { fresh }: AmneziaField,
  current: AmneziaParameters[keyof AmneziaParameters],
  wanted: AmneziaValue,
): Ends | undefined {
  if (wanted instanceof Uint8Array) return diffKey(current, wanted)
  if (current instanceof SecretKey) return { from: HIDDEN, to: '' }
  const from = current ?? fresh
  return from === wanted ? undefined : { from, to: wanted }
}

function diffKey(current: unknown, wanted: Uint8Array): Ends | undefined {
  const had = current instanceof SecretKey ? current : undefined
  const isNone = isZeroKey(wanted)
  if (had ? had.equals(wanted) : isNone) return undefined
  return { from: had ? HIDDEN : '', to: isNone ? '' : HIDDEN }
}

/**
 * The lines to send of those that are wanted: a key that a daemon shows with another value. One that it does not show
 * cannot be compared, and is left to `configure`.
 */
export function diffExtra(current: ExtraKeys = {}, wanted: ExtraKeys = {}): ExtraChange[] {
  return Object.entries(wanted).flatMap(([key, to]) => {
    const from = current[key]
    const isSame = from === undefined || [from].flat().join('\n') === [to].flat().join('\n')
    return isSame ? [] : [{ kind: 'extra', key, to } as const]
  })
}
