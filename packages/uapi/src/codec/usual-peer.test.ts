import { isCanonicalCidr, SecretKey, WireGuardError } from '@wgctrl/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WirePeer } from './reply.js'
import { ReplyParser } from './reply-parser.js'

const hex = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))
const digits = fc.oneof(
  fc.constant('0'),
  fc.nat(70_000).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 65n }).map(String),
  fc.constantFrom('', '-1', '007', '1.5', '999999999999999', '9007199254740993', '8640000000001'),
)
const usually = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others))
const endpoint = fc.oneof(
  fc.ipV4().map((address) => `${address}:51820`),
  fc.ipV6().map((address) => `[${address}]:1`),
  fc.constantFrom('', '[fe80::1%eth0]:9', '[fe80::1%größe]:9', 'x'.repeat(63), 'x'.repeat(64)),
)
const network = fc.oneof(
  fc.ipV4().map((address) => `${address}/32`),
  fc.ipV6().map((address) => `${address}/128`),
  fc.constantFrom(
    '10.0.0.0/8',
    '10.0.0.1/8',
    'fd00::/64',
    '::/0',
    'FD00::/64',
    '10.0.0.1',
    '',
    '/8',
    '1.2.3.4/5/6',
  ),
)

/** The lines of a peer in the order of wireguard-go, of which some are wrong or not there. */
const lines = fc
  .record({
    key: fc.oneof(
      hex,
      hex.map((text) => text.toUpperCase()),
    ),
    psk: fc.oneof(fc.constant('0'.repeat(64)), hex),
    version: usually('1', '2', '', '11'),
    endpoint: fc.option(endpoint, { nil: undefined }),
    numbers: fc.tuple(digits, digits, digits, digits, digits),
    networks: fc.array(network, { maxLength: 12 }),
    behind: usually('', 'later=1\n', 'tx_bytes=7\n', 'allowed_ip\n'),
  })
  .map((peer) => {
    const [sec, nsec, tx, rx, keepalive] = peer.numbers
    return [
      `public_key=${peer.key}`,
      `preshared_key=${peer.psk}`,
      `protocol_version=${peer.version}`,
      ...(peer.endpoint === undefined ? [] : [`endpoint=${peer.endpoint}`]),
      `last_handshake_time_sec=${sec}`,
      `last_handshake_time_nsec=${nsec}`,
      `tx_bytes=${tx}`,
      `rx_bytes=${rx}`,
      `persistent_keepalive_interval=${keepalive}`,
      ...peer.networks.map((text) => `allowed_ip=${text}`),
      peer.behind,
    ].join('\n')
  })
const reply = fc
  .tuple(
    fc.array(lines, { maxLength: 5 }),
    usually('errno=0\n\n', '', 'errno=0\n', '\n'),
    fc.nat(4000),
  )
  .map(([peers, end, swap]) => {
    const text = Buffer.from(`listen_port=1\n${peers.join('')}${end}`)
    return { text, swap: swap % text.length }
  })

interface Outcome {
  readonly peers: readonly WirePeer[]
  readonly parser?: ReplyParser
  readonly error?: unknown
}

/** What chunks are read as, or where they are refused. */
function read(chunks: Iterable<Uint8Array>): Outcome {
  const parser = new ReplyParser()
  const peers: WirePeer[] = []
  try {
    for (const chunk of chunks) peers.push(...parser.push(Buffer.from(chunk)))
    parser.end()
  } catch (error) {
    if (!(error instanceof WireGuardError)) throw error
    return { peers, error: { message: error.message, line: error.line } }
  }
  return { peers, parser }
}

const whole = (text: Uint8Array): Outcome => read([text])
/** A line that comes in pieces is read by itself: none of the lines is seen beside another. */
const byLine = (text: Uint8Array): Outcome => read(Array.from(text, (byte) => Uint8Array.of(byte)))

const plain = ({ peers, parser, error }: Outcome): unknown => ({
  // Those that were complete in a chunk that is refused are not handed out.
  peers:
    error === undefined &&
    peers.map(({ areCanonical, presharedKey, ...peer }) => ({
      ...peer,
      psk: presharedKey?.toBase64(),
    })),
  unknown: [...(parser?.unknown ?? [])],
  errno: parser?.errno,
  error,
})

describe('usualPeer', () => {
  it('reads what the parser reads line by line, or leaves it to that', () => {
    fc.assert(
      fc.property(reply, ({ text }) => {
        expect(plain(whole(text))).toEqual(plain(byLine(text)))
      }),
      { numRuns: 300 },
    )
  })

  it('reads nothing else where a byte is another', () => {
    fc.assert(
      fc.property(reply, fc.nat(255), ({ text, swap }, byte) => {
        text[swap] = byte
        expect(plain(whole(text))).toEqual(plain(byLine(text)))
      }),
      { numRuns: 300 },
    )
  })

  it('says of networks that they are canonical when they are', () => {
    fc.assert(
      fc.property(reply, ({ text }) => {
        for (const { areCanonical, allowedIps } of whole(text).peers) {
          if (areCanonical) expect(allowedIps.filter((one) => !isCanonicalCidr(one))).toEqual([])
        }
      }),
    )
  })

  it('is how the peers of wireguard-go are read', () => {
    const peer = `public_key=${'ab'.repeat(32)}\npreshared_key=${'cd'.repeat(32)}\nprotocol_version=1\nendpoint=127.0.0.1:5\nlast_handshake_time_sec=1\nlast_handshake_time_nsec=2\ntx_bytes=3\nrx_bytes=4\npersistent_keepalive_interval=5\nallowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n`
    const { peers, parser } = whole(Buffer.from(`${peer}${peer}errno=0\n\n`))
    expect(peers).toEqual(
      Array(2).fill({
        publicKey: Buffer.alloc(32, 0xab).toString('base64'),
        presharedKey: expect.any(SecretKey),
        endpoint: '127.0.0.1:5',
        lastHandshakeTimeSec: 1,
        lastHandshakeTimeNsec: 2,
        txBytes: 3,
        rxBytes: 4,
        persistentKeepaliveInterval: 5,
        allowedIps: ['10.0.0.0/8', 'fd00::/64'],
        areCanonical: true,
        protocolVersion: 1,
      }),
    )
    expect(parser?.errno).toBe(0)
  })
})
