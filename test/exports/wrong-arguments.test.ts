import * as gateway from '@wgctrl/gateway'
import * as types from '@wgctrl/types'
import { InvalidRangeError, InvalidTypeError, WireGuardError } from '@wgctrl/types'
import * as uapi from '@wgctrl/uapi'
import { expect, it } from 'vitest'
import * as wgctrl from 'wgctrl'

/**
 * What a backend is made of: its callers are ours or those who write a backend, and have checked before what they
 * hand on, some of it for each of 100,000 peers.
 */
const PARTS_OF_BACKENDS = new Set([
  ...[
    'ExpectedPeers',
    'PeerComparison',
    'PeerTable',
    'keysOf',
    'refuseKeyOfDevice',
    'refuseOwnKey',
    'removesAllowedIPs',
    'withThrowawayPeer',
  ],
  ...[
    'abortReason',
    'abortable',
    'afterTurns',
    'inTurn',
    'onAbort',
    'runAtOnce',
    'ownTurn',
    'runInTurns',
    'slept',
  ],
  ...[
    'checkChoice',
    'checkEndpoint',
    'checkPeerFields',
    'checkFields',
    'checkTrusted',
    'unknownField',
    'startCall',
    'ofProcess',
  ],
  ...[
    'inContext',
    'wipeConfig',
    'wipeDevice',
    'wipeOwnKeys',
    'withoutOwnKeys',
    'withCheckedConfig',
    'withSteps',
    'shownWhole',
    'exactBytes',
  ],
  ...[
    'isIPv4',
    'parseIPv4Endpoint',
    'isZeroKey',
    'keyBytes',
    'writeAddress',
    'writeCanonicalCidr',
    'writeCidr',
    'writeIPv4',
    'writeIPv4Endpoint',
    'writeKey',
  ],
  ...['beginText', 'isCanonicalCidrAt', 'putAddress', 'putKey', 'putLine', 'putNetwork', 'textIn'],
  ...['textsIn', 'isTextIn', 'putEndpoint', 'hasSameFields', 'isPlainPeer', 'writeKeyText'],
  ...['isCanonicalEndpoint', 'isCanonicalIPv6', 'hashOfWords'],
  ...[
    'x25519PublicKey',
    'UapiSocket',
    'encodeSet',
    'startTimer',
    'refuseExtra',
    'refuseForeign',
    'showable',
  ],
])

const VALUES: readonly unknown[] = [undefined, null, {}, [], '', 42]

type Called = (...given: unknown[]) => unknown

const isClass = (called: Called): boolean => /^class\b/.test(`${called}`)

/** Every value in each place, those before it and behind it wrong as well or left out. */
function* argumentLists(): Iterable<unknown[]> {
  yield []
  for (const first of VALUES) {
    yield [first]
    for (const second of VALUES) yield [first, second]
    yield [first, first, first]
  }
}

const isOurs = (error: unknown): boolean =>
  [WireGuardError, InvalidTypeError, InvalidRangeError].some((kind) => error instanceof kind)

async function callWith(called: Called, given: unknown[]): Promise<void> {
  const made = isClass(called) ? Reflect.construct(called, given) : called(...given)
  const result = await made
  if (typeof result !== 'object' || result === null) return
  if (Symbol.asyncDispose in result) await (result as AsyncDisposable)[Symbol.asyncDispose]()
  else if (Symbol.dispose in result) (result as Disposable)[Symbol.dispose]()
}

const exported = Object.entries({ ...types, ...uapi, ...wgctrl, ...gateway })
  .filter(([name, value]) => typeof value === 'function' && !PARTS_OF_BACKENDS.has(name))
  .map(([name, value]) => [name, value as Called] as const)

it.each(exported)(
  '%s throws no error but ours, whatever it is called with',
  async (_name, called) => {
    const others: string[] = []
    for (const given of argumentLists()) {
      await callWith(called, given).catch((error: unknown) => {
        if (!isOurs(error)) others.push(`${JSON.stringify(given)}: ${error}`)
      })
    }
    expect(others).toEqual([])
  },
)
