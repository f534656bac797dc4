import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatConfig, parseConfig } from './parse.js'
import { key } from './testing/config-text.js'

interface Block {
  /** The key of a peer; absent: nobody who counts. */
  readonly peer?: string
  readonly text: string
}

const lines = (peer: string, at: number): string =>
  `[Peer]\nPublicKey = ${peer}\nAllowedIPs = 10.7.0.${at}/32\n`

const commentedOut = (text: string, mark: string): string =>
  text.replaceAll(/^/gm, mark).slice(0, -mark.length)

/** How programs of others write a peer. */
const styles: Record<string, (peer: string, at: number) => Block> = {
  'an install script': (peer, at) => ({
    peer,
    text: `# BEGIN_PEER p${at}\n${lines(peer, at)}# END_PEER p${at}\n`,
  }),
  PiVPN: (peer, at) => ({
    peer,
    text: `### begin p${at} ###\n${lines(peer, at)}### end p${at} ###\n`,
  }),
  'PiVPN, switched off': (peer, at) => ({
    text: commentedOut(
      `### begin p${at} ###\n${lines(peer, at)}### end p${at} ###\n`,
      '#[disabled] ',
    ),
  }),
  'another install script': (peer, at) => ({
    peer,
    text: `\n### Client p${at}\n${lines(peer, at)}`,
  }),
  'somebody, commented out': (peer, at) => ({
    text: `# the old phone of p${at}\n${commentedOut(lines(peer, at), '#')}`,
  }),
  'somebody, with a key commented out': (peer, at) => ({
    peer,
    text: `${lines(peer, at)}#PersistentKeepalive = 25\n`,
  }),
  WGDashboard: (peer, at) => ({
    peer,
    text: `\n[Peer]\n#Name# = p${at}\n${lines(peer, at).slice(7)}`,
  }),
}

const squeezed = (text: string): string => text.replaceAll(/\n{2,}/g, '\n')

describe('removePeer', () => {
  const anyStyle = fc.constantFrom(...Object.values(styles))

  it('takes what was written for the peer, and nothing that was written for others', () => {
    fc.assert(
      fc.property(fc.array(anyStyle, { minLength: 1, maxLength: 7 }), fc.nat(), (makers, pick) => {
        const head = `[Interface]\nListenPort = 51820\n\n`
        const blocks = makers.map((make, at) => make(key(at + 1), at + 1))
        const peers = blocks.flatMap(({ peer }) => peer ?? [])
        fc.pre(peers.length > 0)
        const gone = peers[pick % peers.length] as string
        const file = parseConfig(head + blocks.map(({ text }) => text).join(''))
        file.removePeer(gone)
        const left = blocks.filter(({ peer }) => peer !== gone)
        expect(squeezed(`${formatConfig(file)}\n`)).toBe(
          squeezed(`${head}${left.map(({ text }) => text).join('')}\n`),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('leaves no pile of blank lines', () => {
    const block = (at: number): string =>
      `### begin p${at} ###\n${lines(key(at), at)}### end p${at} ###\n\n`
    const file = parseConfig(`[Interface]\n\n${block(1)}${block(2)}${block(3)}`)
    file.removePeer(key(2))
    expect(formatConfig(file)).toBe(`[Interface]\n\n${block(1)}${block(3)}`)
    file.removePeer(key(3))
    expect(formatConfig(file)).toBe(`[Interface]\n\n${block(1).trimEnd()}\n`)
  })

  it('keeps the line ends of the file where others move up', () => {
    const hidden = `#[Peer]\r\n#PublicKey = ${key(3)}\r\n`
    const first = `[Peer]\r\nPublicKey = ${key(1)}\r\n`
    const second = `[Peer]\r\nPublicKey = ${key(2)}\r\n`
    const file = parseConfig(`${first}${second}${hidden}`)
    file.removePeer(key(2))
    expect(formatConfig(file)).toBe(first + hidden)
  })

  it('takes no word that begins with "end" for an end', () => {
    const text = `[Peer]\nPublicKey = ${key(1)}\n# ENDPOINT 192.0.2.1\n`
    const file = parseConfig(`${text}[Peer]\nPublicKey = ${key(2)}\n`)
    file.removePeer(key(1))
    expect(formatConfig(file)).toBe(`# ENDPOINT 192.0.2.1\n[Peer]\nPublicKey = ${key(2)}\n`)
  })
})
