import fc from 'fast-check'
import { keyPair, peerKey } from '../contract/samples.js'
import { badFiles, goodFiles } from './key-files.js'

/**
 * Command lines of `wg set`, by its grammar: mostly right, now and then with one thing wrong. Few keys and
 * few networks, so that changes meet. Left out is where we differ on purpose (see packages/cli/README.md)
 * and what wg(8) of 2021 does not know (`+` and `-` before networks).
 */
export const setWords = (): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      fc.array(deviceSetting(), { maxLength: 3 }),
      fc.array(peer(), { maxLength: 4 }),
      fc.option(stray(), { freq: 12 }),
    )
    .map(([settings, peers, strayWords]) => [
      ...settings.flat(),
      ...peers.flat(),
      ...(strayWords ?? []),
    ])
    .filter((words) => words.length > 0)

function deviceSetting(): fc.Arbitrary<string[]> {
  return fc.oneof(
    setting('listen-port', mostly(portText(), badPort)),
    setting('fwmark', mostly(markText(), badMark)),
    setting('private-key', keyFile()),
  )
}

function peer(): fc.Arbitrary<string[]> {
  const settings = fc.oneof(
    { weight: 2, arbitrary: setting('preshared-key', keyFile()) },
    { weight: 2, arbitrary: setting('endpoint', mostly(endpoint(), badEndpoint)) },
    { weight: 2, arbitrary: setting('persistent-keepalive', mostly(keepalive(), badKeepalive)) },
    { weight: 4, arbitrary: setting('allowed-ips', networks()) },
    { weight: 1, arbitrary: fc.constant(['remove']) },
  )
  return fc
    .tuple(mostly(publicKey(), badKey), fc.array(settings, { maxLength: 4 }))
    .map(([key, rest]) => ['peer', key, ...rest.flat()])
}

/** Words in the wrong place, or without what belongs to them. */
function stray(): fc.Arbitrary<string[]> {
  return fc.constantFrom(
    ['remove', 'remove'],
    ['listen-port'],
    ['listen-port', '@0'],
    ['peer'],
    ['fwmark', '1'],
    ['private-key', '/dev/null'],
    ['allowed-ips'],
    ['preshared-key'],
    ['Peer', peerKey(1)],
    [''],
    ['--help'],
    ['allowed-ip', '10.0.0.0/8'],
  )
}

const setting = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  value.map((text) => [name, text])

/** One in twenty is bad. */
export function mostly(good: fc.Arbitrary<string>, bad: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 19, arbitrary: good },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  )
}

export const publicKey = () => fc.nat(5).map((n) => (n === 5 ? keyPair(1).publicKey : peerKey(n)))
export const badKey = [
  '',
  'A',
  peerKey(1).slice(1),
  `${peerKey(1)} `,
  `${peerKey(1).slice(0, 42)}B=`,
]

const keyFile = () => mostly(fc.constantFrom(...goodFiles), badFiles)

export const portText = () => fc.constantFrom('@0', '@1', '@2', '0', '+@0', '00@1')
export const badPort = ['', 'x', '-1', '1x', '0x10', '1 2x', '99999x']

export const markText = () =>
  fc.oneof(
    fc.constantFrom('0', 'off', 'OFF', 'oFf', '0x0', '010', '4294967295', '0xffffffff', '0xAb'),
    fc.nat(0xffff).map((mark) => `0x${mark.toString(16)}`),
    fc.nat(0xffff).map(String),
  )
export const badMark = ['', 'x', '-1', '0X10', '4294967296', '0x100000000', '1x', '+1', '0x', '0xg']

export const keepalive = () =>
  fc.oneof(fc.constantFrom('0', 'off', 'Off', '007', '65535'), fc.nat(65535).map(String))
export const badKeepalive = ['', '65536', '-1', '+1', 'on', '1s', '0x10']

const port = () => fc.integer({ min: 1, max: 65535 })
export const endpoint = () =>
  fc.oneof(
    fc.tuple(fc.nat(255), port()).map(([host, at]) => `127.0.0.${host}:${at}`),
    port().map((at) => `[::1]:${at}`),
    port().map((at) => `::1:${at}`),
    port().map((at) => `[127.0.0.1]:${at}`),
    port().map((at) => `localhost:${at}`),
    fc.constantFrom('127.1:1', '0x7f.1:2', '017700000001:3', '2130706433:4', '127.0.0.1:007'),
  )
export const badEndpoint = [
  '',
  ':',
  ':1',
  '127.0.0.1',
  '127.0.0.1:',
  '[::1]',
  '[::1',
  '[::1]1',
  '[::1]:',
  'localhost:x',
  'localhost:http',
  'no-such-host.invalid:1',
  'a b:1',
  '300.1.1.1:1',
  '127.0.0.1:-1',
]

const v4 = () => fc.tuple(fc.nat(3), fc.nat(3), fc.nat(255)).map(([a, b, c]) => `10.${a}.${b}.${c}`)
const v6 = () => fc.tuple(fc.nat(3), fc.nat(0xffff)).map(([a, b]) => `fd00:${a}::${b.toString(16)}`)

export const network = () =>
  fc.oneof(
    fc.tuple(v4(), fc.constantFrom(8, 16, 23, 24, 31, 32)).map(([ip, bits]) => `${ip}/${bits}`),
    fc.tuple(v6(), fc.constantFrom(7, 32, 64, 127, 128)).map(([ip, bits]) => `${ip}/${bits}`),
    v4(),
    v6(),
    fc.constantFrom('0.0.0.0/0', '::/0', '::ffff:10.0.0.1/128', '::1.2.3.4/128', '10.0.0.0/08'),
  )
export const badNetwork = [
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/x',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0/8',
  '10.0.0.256',
  'fd00::/129',
  'fd00:::/64',
  '::g',
  'x',
  '/8',
  '010.0.0.1',
]

function networks(): fc.Arbitrary<string> {
  const list = fc
    .tuple(
      fc.array(mostly(network(), badNetwork), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(',', ', ', ' ,\t'),
    )
    .map(([each, separator]) => each.join(separator))
  return mostly(list, ['', ' ', ',', '10.0.0.0/8,', ',10.0.0.0/8'])
}
