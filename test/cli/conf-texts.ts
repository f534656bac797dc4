import fc from 'fast-check'
import { keyPair, peerKey, secret } from '../contract/samples.js'
import {
  badEndpoint,
  badKeepalive,
  badKey,
  badMark,
  badNetwork,
  badPort,
  endpoint,
  keepalive,
  markText,
  mostly,
  network,
  portText,
  publicKey,
} from './set-words.js'

/** A config file, and what it says on the keys of its peers. */
export interface ConfText {
  readonly text: string
  /** Peers that the file gives no preshared key, and those that it gives no keepalive. */
  readonly withoutSecret: readonly string[]
  readonly withoutKeepalive: readonly string[]
}

interface Setting {
  readonly key: string
  readonly value: string
}

interface Section {
  readonly header: string
  readonly settings: readonly Setting[]
}

/**
 * Files for `setconf`, `addconf` and `syncconf`: sections in any order and number, spellings that differ in
 * case and white space, comments; now and then with something wrong. Left out is where we differ on
 * purpose (see packages/cli/README.md) and what wg(8) of 2021 does not know.
 */
export const confText = (): fc.Arbitrary<ConfText> =>
  fc
    .tuple(
      fc.array(fc.oneof(interfaceSection(), peerSection(), peerSection()), { maxLength: 6 }),
      fc.constantFrom('\n', '\n', '\r\n'),
      fc.boolean(),
      fc.infiniteStream(looks()),
    )
    .map(([sections, lineEnd, endsWithLine, styles]) => {
      const lines = sections.flatMap((section) => linesOf(section, styles))
      return {
        text: lines.join(lineEnd) + (endsWithLine ? lineEnd : ''),
        withoutSecret: peersWithout(sections, 'PresharedKey'),
        withoutKeepalive: peersWithout(sections, 'PersistentKeepalive'),
      }
    })

function peersWithout(sections: readonly Section[], key: string): string[] {
  const having = (name: string) => (section: Section) =>
    section.settings.some((each) => each.key === name)
  const keyOf = ({ settings }: Section): string =>
    settings.findLast((each) => each.key === 'PublicKey')?.value.trim() ?? ''
  const peers = sections.filter((section) => section.header === '[Peer]')
  const others = new Set(peers.filter(having(key)).map(keyOf))
  return [...new Set(peers.filter(having('PublicKey')).map(keyOf))].filter((of) => !others.has(of))
}

const setting = (key: string, value: fc.Arbitrary<string>): fc.Arbitrary<Setting> =>
  value.map((text) => ({ key, value: text }))

function interfaceSection(): fc.Arbitrary<Section> {
  const settings = fc.oneof(
    setting('ListenPort', mostly(portText(), badPort)),
    setting('FwMark', mostly(markText(), badMark)),
    setting('PrivateKey', mostly(privateKey(), badKey)),
  )
  return section('[Interface]', fc.array(rarely(settings), { maxLength: 4 }))
}

function peerSection(): fc.Arbitrary<Section> {
  const settings = fc.oneof(
    setting('PresharedKey', mostly(presharedKey(), badKey)),
    setting('Endpoint', mostly(endpoint(), spelledWrongly)),
    setting('PersistentKeepalive', mostly(keepalive(), badKeepalive)),
    setting('AllowedIPs', networks()),
    setting('AllowedIPs', networks()),
  )
  const named = fc
    .tuple(
      fc.option(setting('PublicKey', mostly(publicKey(), badKey)), { freq: 30 }),
      fc.array(rarely(settings), { maxLength: 5 }),
      fc.nat(5),
    )
    .map(([key, rest, at]) => (key ? rest.toSpliced(at, 0, key) : rest))
  return section('[Peer]', named)
}

/** Without names that nobody has: we look for them when the whole file was read. */
const spelledWrongly = badEndpoint.filter((text) => !/^(no-such-host|300|a b)/.test(text))

const privateKey = () => fc.constantFrom(keyPair(1).privateKey, keyPair(2).privateKey, ZERO_KEY)
const presharedKey = () => fc.constantFrom(secret(1), secret(2), ZERO_KEY)
const ZERO_KEY = Buffer.alloc(32).toString('base64')

const networks = () =>
  fc
    .array(mostly(network(), badNetwork), { minLength: 1, maxLength: 4 })
    .map((each) => each.join(', '))

function section(
  header: string,
  settings: fc.Arbitrary<readonly Setting[]>,
): fc.Arbitrary<Section> {
  return settings.map((each) => ({ header, settings: each }))
}

/** Now and then a key that does not belong there, or that nobody knows. */
function rarely(usual: fc.Arbitrary<Setting>): fc.Arbitrary<Setting> {
  const strange = fc.constantFrom<Setting>(
    { key: 'Address', value: '10.0.0.1/24' },
    { key: 'PostUp', value: 'true' },
    { key: 'ListenPort', value: '@0' },
    { key: 'PublicKey', value: peerKey(1) },
    { key: 'Unknown', value: '1' },
    { key: '[Other]', value: '' },
    { key: '', value: '1' },
  )
  return fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: strange })
}

/** How a line is spelled. */
interface Look {
  readonly letters: 'as it is' | 'upper' | 'lower'
  readonly equals: string
  readonly start: string
  readonly end: string
  /** A line of its own before it. */
  readonly before?: string | undefined
}

function looks(): fc.Arbitrary<Look> {
  return fc.record({
    letters: fc.constantFrom('as it is', 'as it is', 'as it is', 'upper', 'lower'),
    equals: fc.constantFrom(' = ', '=', '= ', ' =', '\t=\t', '  =  '),
    start: fc.constantFrom('', '', '', '  ', '\t'),
    end: fc.constantFrom('', '', '', ' ', '\t', ' # a comment', '#comment', ' # key = value'),
    before: fc.option(fc.constantFrom('', '# a comment', '  ', '#', '# [Peer]', '#é'), {
      freq: 2,
      nil: undefined,
    }),
  })
}

function linesOf({ header, settings }: Section, styles: Iterator<Look>): string[] {
  const next = (): Look => styles.next().value as Look
  const lines = [{ name: header, value: undefined as string | undefined }].concat(
    settings.map(({ key, value }) => ({ name: key, value })),
  )
  return lines.flatMap(({ name, value }) => {
    const { letters, equals, start, end, before } = next()
    const spelled = letters === 'upper' ? name.toUpperCase() : name
    const word = letters === 'lower' ? name.toLowerCase() : spelled
    const line = start + word + (value === undefined ? '' : equals + value) + end
    return before === undefined ? [line] : [before, line]
  })
}
