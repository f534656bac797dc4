import { checkConfig, type DeviceConfig, formatCidr, parseCidr } from '@wgctrl/types'
import fc from 'fast-check'
import { keyPair, peerKey, secret } from '../contract/samples.js'

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

/** 32 bytes that are not all zero: those mean no key. */
const key = bytes(32)
  .filter((random) => random.some((byte) => byte !== 0))
  .map(base64Of)

export const privateKey = bytes(32).map((random) => {
  random[0] = (random[0] as number) & 248
  random[31] = ((random[31] as number) & 127) | 64
  return base64Of(random)
})

const ipv4 = bytes(4).map((octets) => octets.join('.'))

/** Not below ::/96: glibc writes those addresses with dots, as nobody else does. */
const ipv6 = fc.oneof(
  fc
    .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 7, maxLength: 7 })
    .chain((rest) => fc.integer({ min: 1, max: 0xffff }).map((first) => [first, ...rest]))
    .map((groups) => groups.map((group) => group.toString(16)).join(':')),
  ipv4.map((mapped) => `::ffff:${mapped}`),
)

const network = fc.oneof(
  fc.tuple(ipv4, fc.nat(32)).map(([address, length]) => `${address}/${length}`),
  fc.tuple(ipv6, fc.nat(128)).map(([address, length]) => `${address}/${length}`),
  ipv4,
)

/** The form in which two spellings of one network are the same. */
const canonical = (text: string): string => formatCidr(parseCidr(text))

/** A prefix of few bits leaves an address below ::/96. */
const isWrittenAlike = (text: string): boolean =>
  !/^::(?!ffff:\d)/.test(canonical(text)) || canonical(text) === '::/0'

const port = fc.integer({ min: 1, max: 65535 })
const loopback = fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 254 }))
const endpoint = fc.oneof(
  fc.tuple(loopback, port).map(([host, at]) => `127.${host.join('.')}:${at}`),
  port.map((at) => `[::1]:${at}`),
)

const keepalive = fc.integer({ min: 1, max: 65535 })
const mark = fc.integer({ min: 1, max: 0xffffffff })

const present = fc.record(
  {
    publicKey: key,
    presharedKey: key,
    endpoint,
    persistentKeepalive: keepalive,
    allowedIPs: fc.array(network.filter(isWrittenAlike), { maxLength: 12 }),
  },
  { requiredKeys: ['publicKey', 'allowedIPs'] },
)

/** The whole state of a device: every field is there, or is to be cleared. */
export const state = (ports: number[]): fc.Arbitrary<DeviceConfig> =>
  fc
    .record({
      privateKey: fc.option(privateKey),
      listenPort: fc.constantFrom(...ports),
      firewallMark: fc.option(mark),
      replacePeers: fc.constant(true),
      peers: fc.uniqueArray(present, { maxLength: 30, selector: (peer) => peer.publicKey }),
    })
    .map((config) => ({ ...config, peers: withDistinctNetworks(config.peers) }))

function withDistinctNetworks<Each extends { allowedIPs: string[] }>(peers: Each[]): Each[] {
  const seen = new Set<string>()
  const isNew = (text: string): boolean => seen.size < seen.add(canonical(text)).size
  return peers.map((peer) => ({ ...peer, allowedIPs: peer.allowedIPs.filter(isNew) }))
}

/** Few keys and few networks, so that changes meet. */
const knownPeer = fc.nat(5).map(peerKey)
const knownNetwork = fc.oneof(
  fc.nat(7).map((n) => `10.0.${n}.0/24`),
  fc.nat(7).map((n) => `fd00:${n}::/32`),
)

const fields = {
  publicKey: knownPeer,
  presharedKey: fc.option(fc.nat(2).map(secret)),
  endpoint,
  persistentKeepalive: fc.option(keepalive),
}

const removal = fc.record({ publicKey: knownPeer, remove: fc.constant(true) })

const change = fc.record(
  {
    ...fields,
    updateOnly: fc.boolean(),
    replaceAllowedIPs: fc.boolean(),
    allowedIPs: fc.array(
      fc.oneof(knownNetwork, fc.record({ cidr: knownNetwork, remove: fc.boolean() })),
      { maxLength: 6 },
    ),
  },
  { requiredKeys: ['publicKey'] },
)

/** Of what `wg set` can say. */
const wgChange = fc
  .record(
    { ...fields, allowedIPs: fc.array(knownNetwork, { maxLength: 6 }) },
    { requiredKeys: ['publicKey'] },
  )
  .map((peer) => ({ ...peer, ...('allowedIPs' in peer && { replaceAllowedIPs: true }) }))

const deviceChange = (
  ports: number[],
  peer: fc.Arbitrary<object>,
  replacePeers: object,
): fc.Arbitrary<DeviceConfig> =>
  fc
    .record(
      {
        privateKey: fc.option(fc.nat(2).map((n) => keyPair(n).privateKey)),
        listenPort: fc.constantFrom(...ports),
        firewallMark: fc.option(mark),
        peers: fc.array(fc.oneof({ weight: 4, arbitrary: peer }, removal), { maxLength: 5 }),
        ...replacePeers,
      },
      { requiredKeys: [] },
    )
    .map((config) => config as DeviceConfig)
    .filter(isValid)

function isValid(config: DeviceConfig): boolean {
  try {
    return checkConfig(config) !== undefined
  } catch {
    return false
  }
}

/** Changes of one device, each by us or by wg(8). */
export const changes = (
  ports: number[],
): fc.Arbitrary<{ readonly by: 'us' | 'wg'; readonly config: DeviceConfig }[]> =>
  fc.array(
    fc.oneof(
      deviceChange(ports, change, { replacePeers: fc.boolean() }).map((config) => ({
        by: 'us' as const,
        config,
      })),
      deviceChange(ports, wgChange, {}).map((config) => ({ by: 'wg' as const, config })),
    ),
    { minLength: 1, maxLength: 8 },
  )
