import {
  ExpectedPeers,
  formatPublicKey,
  type Peer,
  PeerComparison,
  type PeerConfig,
  runAtOnce,
} from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toPeer } from '../map/device.js'
import {
  bare,
  endpoint,
  hex,
  key,
  type Lines,
  linesOf,
  network,
  number,
  peer,
} from './peer-lines.fixture.js'
import { ReplyParser } from './reply-parser.js'

/** What a config says of such a peer. */
const configOf = (one: Lines): PeerConfig => ({
  publicKey: formatPublicKey(one.key),
  ...(one.psk && { presharedKey: formatPublicKey(one.psk) }),
  ...(one.endpoint !== undefined && { endpoint: one.endpoint }),
  persistentKeepalive: one.keepalive,
  allowedIPs: one.networks,
})

/** What a reply is read as beside what is expected: which of those are unchanged, and all others. */
function read(given: readonly PeerConfig[], lines: string): { unchanged: number[]; made: Peer[] } {
  const comparison = new PeerComparison(runAtOnce(ExpectedPeers.from(given)))
  const parser = new ReplyParser({ comparison })
  const made = parser
    .push(Buffer.from(`listen_port=1\n${lines}errno=0\n\n`))
    .map((wire) => toPeer(wire, parser.device))
  parser.end()
  return { unchanged: [...comparison.unchanged], made }
}

const isFound = (given: PeerConfig, lines: string): boolean =>
  read([given], lines).unchanged[0] === 1

describe('isExpectedPeer', () => {
  it('is true of what wireguard-go writes of a peer that is as it should be', () => {
    fc.assert(
      fc.property(peer, number, (one, time) => {
        const config = configOf(one)
        const lines = linesOf(one, time)
        expect(read([config], lines)).toEqual({ unchanged: [1], made: [] })
        expect(isFound({ ...config, endpoint: undefined }, lines)).toBe(true)
        const [whole] = read([], lines).made
        expect(isFound({ ...config, endpoint: whole?.endpoint }, lines)).toBe(true)
        expect(isFound({ ...config, presharedKey: whole?.presharedKey }, lines)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('is false of anything else, which is read as ever', () => {
    const shown = (one: Peer): unknown => ({ ...one, presharedKey: one.presharedKey?.toBase64() })
    fc.assert(
      fc.property(peer, key, endpoint, network, (one, psk, other, more) => {
        fc.pre(other !== one.endpoint && !one.networks.includes(more))
        const config = configOf(one)
        const lines = linesOf(one, 5)
        const others: PeerConfig[] = [
          { ...config, persistentKeepalive: one.keepalive === 9 ? 8 : 9 },
          { ...config, endpoint: other },
          { ...config, allowedIPs: [...one.networks, more] },
          { ...config, allowedIPs: [more, ...one.networks] },
          ...(one.networks.length > 0 ? [{ ...config, allowedIPs: one.networks.slice(1) }] : []),
          ...(one.psk?.equals(psk) ? [] : [{ ...config, presharedKey: formatPublicKey(psk) }]),
          { ...config, publicKey: formatPublicKey(psk) },
        ]
        for (const given of others) {
          const { unchanged, made } = read([given], lines)
          expect(unchanged).toEqual([0])
          expect(made.map(shown)).toEqual(read([], lines).made.map(shown))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('finds each among many, in any order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(peer, { selector: ({ key }) => hex(key), maxLength: 20 }),
        fc.nat(),
        (list, swap) => {
          const given = list.map(configOf)
          const at = list.length === 0 ? -1 : swap % list.length
          if (at >= 0) given[at] = { ...(given[at] as PeerConfig), persistentKeepalive: 0.5 }
          const { unchanged, made } = read(
            given,
            list
              .toReversed()
              .map((one) => linesOf(one))
              .join(''),
          )
          expect(unchanged).toEqual(list.map((_, place) => (place === at ? 0 : 1)))
          expect(made.map(({ publicKey }) => publicKey)).toEqual(
            at < 0 ? [] : [given[at]?.publicKey],
          )
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each<[string, string, Partial<PeerConfig>]>([
    ['an endpoint that is none', 'endpoint=somewhere\n', { endpoint: 'somewhere' }],
    ['an endpoint that is spelled otherwise', 'endpoint=[0::1]:5\n', { endpoint: '[0::1]:5' }],
    ['an endpoint with a scope', 'endpoint=[fe80::1%1]:5\n', { endpoint: '[fe80::1%1]:5' }],
    [
      'an endpoint as an object with a scope',
      'endpoint=[fe80::1%1]:5\n',
      {
        endpoint: { address: 'fe80::1', port: 5, family: 6, scopeId: 1 },
      },
    ],
    ['an endpoint with a scope, of which nothing is said', 'endpoint=[fe80::1%eth0]:5\n', {}],
    ['an endpoint of a type that is none', 'endpoint=1.2.3.4:5\n', { endpoint: 5 as never }],
  ])('leaves %s to the other way', (_, line, change) => {
    const lines = linesOf(bare).replace('last_handshake_time_sec', `${line}last_handshake_time_sec`)
    const comparison = new PeerComparison(
      runAtOnce(ExpectedPeers.from([{ ...configOf(bare), ...change }])),
    )
    const parser = new ReplyParser({ comparison })
    expect(parser.push(Buffer.from(`${lines}errno=0\n\n`))).toHaveLength(1)
    expect([...comparison.unchanged]).toEqual([0])
  })

  it.each(['10.0.0.1/8', '10.0.0.1', 'FD00::/64', '10.0.0.0/33'])(
    'leaves the network %s to the other way',
    (text) => {
      const one = { ...bare, networks: [text] }
      const comparison = new PeerComparison(runAtOnce(ExpectedPeers.from([configOf(one)])))
      const parser = new ReplyParser({ comparison })
      expect(parser.push(Buffer.from(`${linesOf(one)}errno=0\n\n`))).toHaveLength(1)
      expect([...comparison.unchanged]).toEqual([0])
    },
  )

  it('is false of a peer of which there is more', () => {
    const { unchanged, made } = read([configOf(bare)], `${linesOf(bare)}later=1\n`)
    expect(unchanged).toEqual([0])
    expect(made).toHaveLength(1)
  })

  it('counts lines as ever, for errors', () => {
    const list = [1, 2, 3].map((fill) => ({
      ...{ key: Buffer.alloc(32, fill), psk: undefined, keepalive: 0 },
      ...{ endpoint: '10.0.0.1:5', networks: ['10.0.0.0/8', 'fd00::/64'] },
    }))
    const lines = list.map((one) => linesOf(one)).join('')
    const failure = (given: readonly PeerConfig[]): unknown => {
      try {
        return read(given, `${lines}no line\n`)
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(failure(list.map(configOf))).toBe('UAPI reply, line 35: a line without "="')
    expect(failure([])).toBe('UAPI reply, line 35: a line without "="')
  })
})
