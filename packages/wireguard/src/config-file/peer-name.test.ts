import { describe, expect, it } from 'vitest'
import { formatConfig, parseConfig } from './parse.js'
import { key } from './testing/config-text.js'

const only = (text: string) => {
  const file = parseConfig(text)
  const peer = file.peers.at(-1)
  if (!peer) throw new Error('no peer')
  return { file, peer }
}

const withComment = (above: string, header: string, below: string) =>
  `${above}[Peer]${header}\n${below}PublicKey = ${key(9)}\n`

describe("a peer's name", () => {
  it.each<[string, string, string, string, string | undefined]>([
    ['a tag in the section', '', '', '# Name = alice\n', 'alice'],
    ['a tag above', '# Name = alice in chains\n', '', '', 'alice in chains'],
    ['a tag of the exporters', '', '', '#friendly_name=Alice=1\n', 'Alice=1'],
    ['a tag with colon and indent', '', '', '\t# name : alice \r\n', 'alice'],
    ['what wg-easy writes', '\n\n# Client: alice (5d1f)\n', '', '', 'alice (5d1f)'],
    ['what PiVPN writes', '### begin alice ###\n', '', '', 'alice'],
    ['what the install script writes', '### Client alice\n', '', '', 'alice'],
    ['what another install script writes', '# BEGIN_PEER alice\n', '', '', 'alice'],
    ['what WGDashboard writes', '', '', '#Name# = alice\n', 'alice'],
    ['a comment behind the header', '', ' # alice', '', 'alice'],
    ['a tag before a title', '### begin bob ###\n', ' # carol', '# Name = alice\n', 'alice'],
    ['nothing in other comments', '# on call\n', '', '# Names = x\n# 10.0.0.1\n', undefined],
    ['nothing in an empty tag', '', ' #', '# Name =\n', undefined],
    ['nothing across a blank line', '# Name = alice\n\n', '', '', undefined],
  ])('comes from %s', (_, above, header, below, name) => {
    expect(only(withComment(above, header, below)).peer.name).toBe(name)
  })

  it('is that of the peer whose header follows', () => {
    const text = `[Peer]\nPublicKey = ${key(8)}\n# Name = bob\n${withComment('', '', '')}`
    const { file, peer } = only(text)
    expect([file.peers[0]?.name, peer.name]).toEqual([undefined, 'bob'])
  })

  it('changes in its tag', () => {
    const { file, peer } = only(withComment('#  friendly_name=alice\r\n', '', ''))
    peer.name = 'bob'
    expect(formatConfig(file)).toBe(withComment('#  friendly_name=bob\r\n', '', ''))
  })

  it('becomes a tag where there is none, also beside a title', () => {
    const { file, peer } = only(withComment('### begin alice ###\n', '', ''))
    peer.name = 'bob'
    expect(peer.name).toBe('bob')
    expect(formatConfig(file)).toBe(withComment('### begin alice ###\n', '', '# Name = bob\n'))
  })

  it('goes with its tag', () => {
    const { file, peer } = only(withComment('', '', '# Name = bob\n# x\n'))
    peer.name = undefined
    expect(peer.name).toBeUndefined()
    expect(formatConfig(file)).toBe(withComment('', '', '# x\n'))
  })

  it('is beside the other comments', () => {
    const { peer } = only(withComment('## a\n', ' # b', '  # c \n#\n'))
    expect(peer.comments).toEqual(['a', 'c', ''])
  })
})

describe('comments above a peer', () => {
  it('belong to the peer before when they close it or hide a key of it', () => {
    const first = `[Peer]\nPublicKey = ${key(8)}\n`
    const second = `[Peer]\nPublicKey = ${key(9)}\n`
    for (const comment of ['### end alice ###\n', '# AllowedIPs = 10.0.0.1\n', '#endpoint=a:1\n']) {
      const file = parseConfig(first + comment + second)
      file.removePeer(key(9))
      expect(formatConfig(file)).toBe(first + comment)
    }
  })
})
