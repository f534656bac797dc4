import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { parseConfig } from 'wgctrl'
import { PeerNames } from './peer-names.js'

const [ALICE, BOB] = [publicKey(generatePrivateKey()), publicKey(generatePrivateKey())] as const

const file = (key: string, name: string): string =>
  `[Interface]\n[Peer]\n# friendly_name = ${name}\nPublicKey = ${key}\n`

/** Files in memory. */
const reader = (files: Record<string, string | Error>) => async (path: string) => {
  const found = files[path] ?? Object.assign(new Error('no such file'), { code: 'ENOENT' })
  if (found instanceof Error) throw found
  return parseConfig(found)
}

describe('PeerNames', () => {
  it('are those of the file that wg-quick(8) has for the device', async () => {
    const names = new PeerNames([], reader({ '/etc/wireguard/wg0.conf': file(ALICE, 'alice') }))
    expect(await names.load(['wg0', 'wg1'])).toEqual([])
    expect(names.of('wg0', ALICE)).toBe('alice')
    expect(names.of('wg0', BOB)).toBeUndefined()
    expect(names.of('wg1', ALICE)).toBeUndefined()
  })

  it('are those of the files that are asked for, for every device', async () => {
    const files: Record<string, string> = { '/a': file(ALICE, 'alice'), '/b': file(BOB, 'bob') }
    const names = new PeerNames(['/a', '/b'], reader(files))
    await names.load([])
    expect([names.of('wg0', ALICE), names.of('wg7', BOB)]).toEqual(['alice', 'bob'])
    files['/b'] = file(BOB, 'robert')
    await names.load([])
    expect(names.of('wg0', BOB)).toBe('bob')
    names.forget()
    await names.load([])
    expect(names.of('wg0', BOB)).toBe('robert')
  })

  it('tells of files that were asked for and cannot be read, and of files that are wrong', async () => {
    const wrong = '[Interface]\nListenPort = x\n'
    const asked = new PeerNames(['/none'], reader({}))
    expect(await asked.load([])).toMatchObject([{ file: '/none', error: { code: 'ENOENT' } }])
    const found = new PeerNames([], reader({ '/etc/wireguard/wg0.conf': wrong }))
    expect(await found.load(['wg0', 'wg1'])).toMatchObject([{ file: '/etc/wireguard/wg0.conf' }])
    expect(await found.load(['wg0'])).toEqual([])
  })

  it('do nothing to a terminal', async () => {
    const names = new PeerNames(['/a'], reader({ '/a': file(ALICE, 'al\x1b[2Jice\x07') }))
    await names.load([])
    expect(names.of('wg0', ALICE)).toBe('al\u{fffd}[2Jice\u{fffd}')
  })
})
