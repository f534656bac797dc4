import {
  checkAtLeast,
  checkDuration,
  checkFields,
  checkSignal,
  InvalidTypeError,
  type PublicKey,
} from '@wgctrl/types'
import { JUST_IN_TIME_OPTIONS } from '../option-fields.js'
import type { LookupLimits } from './lookups.js'
import type { JustInTimeOptions } from './options.js'

/** What the options of a gateway say, with what is absent from them. */
export interface Settings {
  /** Milliseconds between two looks at the device. */
  readonly interval: number
  /** Milliseconds after which a peer that was not heard from goes. */
  readonly idle: number
  readonly maxPeers: number
  readonly lookups: LookupLimits
  /** The device initiates as soon as a client is in. */
  readonly initiate: boolean
  isPinned(key: PublicKey): boolean
}

/** @throws {TypeError | RangeError} `EINVAL` when an option is none */
export function checkSettings(options: JustInTimeOptions): Settings {
  checkFields(options, 'options', JUST_IN_TIME_OPTIONS)
  if (typeof options.lookup !== 'function') {
    throw new InvalidTypeError('options.lookup', 'must be a function')
  }
  checkSignal(options.signal)
  const { interval = 1000, idle = 300_000, maxPeers = Number.POSITIVE_INFINITY } = options
  const { lookupTimeout = 5000, negativeTtl = 30_000 } = options
  const { negativeSize = 16_384, maxLookups = 64, initiate = true } = options
  return {
    interval: checkDuration(interval, 'options.interval'),
    idle: checkDuration(idle, 'options.idle'),
    maxPeers: checkAtLeast(1, maxPeers, 'options.maxPeers'),
    lookups: {
      timeout: checkDuration(lookupTimeout, 'options.lookupTimeout'),
      negativeTtl: checkDuration(negativeTtl, 'options.negativeTtl', 0),
      negativeSize: checkAtLeast(1, negativeSize, 'options.negativeSize'),
      concurrency: checkAtLeast(1, maxLookups, 'options.maxLookups'),
    },
    initiate,
    isPinned: pinning(options.pinned),
  }
}

function pinning(pinned: JustInTimeOptions['pinned']): (key: PublicKey) => boolean {
  if (typeof pinned === 'function') return pinned
  const keys = new Set(pinned)
  return (key) => keys.has(key)
}
