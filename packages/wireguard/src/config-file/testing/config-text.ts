import { formatPublicKey } from '@wgctrl/types'
import fc from 'fast-check'

/** The base64 of 32 bytes that are all the same. */
export const key = (fill: number): string => formatPublicKey(new Uint8Array(32).fill(fill))

const space = fc.constantFrom('', '', ' ', '  ', '\t', ' \t', '\v', '\f')
const comment = fc.constantFrom('', '', '', '# c', '#', ' # a = b', '## [Peer]', '#ü€😀')
const lineEnd = fc.constantFrom('\n', '\r\n')
const text = fc.string({ unit: fc.constantFrom(...'abcXYZ019 =[]"%$-/') })

const spelled = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(name, name, name.toLowerCase(), name.toUpperCase(), `${name[0]} ${name.slice(1)}`)

const assignment = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
  fc
    .tuple(space, name, space, space, value, space, comment)
    .map(
      ([indent, k, before, after, v, tail, c]) => `${indent}${k}${before}=${after}${v}${tail}${c}`,
    )

const wg = (name: string, ...values: string[]) =>
  assignment(spelled(name), fc.constantFrom(...values))

const quick = (name: string, ...values: string[]) =>
  assignment(fc.constantFrom(name, name.toLowerCase()), fc.constantFrom(...values))

const noise = fc.oneof(
  fc.constantFrom('', ' ', '\t', '\r', '# Name = x', '#PublicKey = y', '  # [Interface]'),
  text.map((words) => `#${words}`),
)

const unknownKey = assignment(fc.constantFrom('Jc', 'X-Note', 'Friendly_Name'), text)

const interfaceLine = fc.oneof(
  noise,
  unknownKey,
  wg('PrivateKey', key(1), key(2)),
  wg('ListenPort', '0', '51820', '65535'),
  wg('FwMark', 'off', 'OFF', '0', '0xca6c', '4294967295'),
  quick('Address', '10.0.0.1/24', '10.0.0.1/24, fd00::1', 'fd00::2 10.1.1.1', ''),
  quick('DNS', '1.1.1.1', '1.1.1.1, corp.example 2606::1', ''),
  quick('MTU', '1420', ''),
  quick('Table', 'off', 'auto', '51', 'main', '0x33'),
  quick('PostUp', 'iptables -A INPUT # keep', 'a=b; c', ''),
  quick('SaveConfig', 'true', 'False'),
)

const peerLine = fc.oneof(
  noise,
  unknownKey,
  wg('PresharedKey', key(3)),
  wg('AllowedIPs', '10.0.0.2', '10.0.0.3/32, fd00::/64', '+10.1.0.0/16,-10.2.0.0/16', '0.0.0.0/0'),
  wg('Endpoint', '192.0.2.1:51820', '[2001:db8::1]:1', 'vpn.example.net:443', '::1:9'),
  wg('PersistentKeepalive', 'off', '25', '0'),
)

const header = (...names: string[]) =>
  fc.tuple(space, fc.constantFrom(...names), comment).map((parts) => parts.join(''))

const interfaceSection = fc
  .tuple(header('[Interface]', '[interface]'), fc.array(interfaceLine, { maxLength: 6 }))
  .map(([first, rest]) => [first, ...rest])

const peerSection = fc
  .tuple(
    header('[Peer]', '[PEER]', '[ Peer ]'),
    fc.integer({ min: 10, max: 60 }).chain((fill) => wg('PublicKey', key(fill))),
    fc.array(peerLine, { maxLength: 6 }),
    fc.nat(6),
  )
  .map(([first, publicKey, rest, at]) => [first, ...rest.toSpliced(at, 0, publicKey)])

const unknownSection = fc
  .tuple(header('[Foo]', '[Peers]'), fc.array(text, { maxLength: 3 }))
  .map(([first, rest]) => [first, ...rest.map((words) => words.replaceAll('[', ''))])

/** The text of a config file that `parseConfig` takes, with everything that has to survive in it. */
export const configText: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(noise, { maxLength: 3 }),
    fc.array(fc.oneof(interfaceSection, peerSection, peerSection, unknownSection), {
      maxLength: 6,
    }),
    lineEnd,
    fc.constantFrom('', '', '\uFEFF'),
    fc.boolean(),
  )
  .map(([top, sections, end, mark, hasFinalEnd]) => {
    const lines = [...top, ...sections.flat()]
    return mark + lines.join(end) + (hasFinalEnd && lines.length > 0 ? end : '')
  })
