import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyPair, secret } from '../contract/samples.js'
import { inputs } from './key-files.js'
import { comparable } from './meaning.js'
import { withSeed } from './seed.js'
import { runOurs, runWg } from './wg.js'

async function expectSamePublicKey(input: string | Uint8Array): Promise<void> {
  const [theirs, ours] = await Promise.all([
    runWg(['pubkey'], { input }),
    runOurs(['pubkey'], { input }),
  ])
  expect(comparable(ours), JSON.stringify(String(input))).toEqual(comparable(theirs))
}

describe('keys', () => {
  it.each(inputs)('pubkey of %j', expectSamePublicKey)

  it('pubkey of a key and what may stand behind it', async () => {
    const behind = fc.string({ unit: fc.constantFrom(...' \t\r\n\v\f\0\x1c\x85x'), maxLength: 3 })
    const key = fc.nat(50).map((n) => keyPair(n).privateKey)
    await fc.assert(
      fc.asyncProperty(key, behind, (text, rest) => expectSamePublicKey(text + rest)),
      { ...withSeed(), numRuns: 150 },
    )
  })

  it('pubkey of 44 characters of any kind', async () => {
    const byte = fc.oneof(
      { weight: 40, arbitrary: fc.constantFrom(...Buffer.from('AZaz09+/EQ=')) },
      { weight: 1, arbitrary: fc.nat(255) },
    )
    const text = fc.array(byte, { minLength: 43, maxLength: 45 }).map((bytes) => Buffer.from(bytes))
    await fc.assert(
      fc.asyncProperty(text, (bytes) => expectSamePublicKey(bytes)),
      { ...withSeed(), numRuns: 150 },
    )
  })

  it('pubkey of every last character', async () => {
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
      await expectSamePublicKey(`${secret(1).slice(0, 42)}${last}=`)
    }
  })

  it.each(['genkey', 'genpsk'])('%s gives keys that wg(8) reads, each its own', async (command) => {
    const keys = new Set<string>()
    for (let n = 0; n < 20; n++) {
      const { status, out, err } = await runOurs([command])
      expect({ status, err }).toEqual({ status: 0, err: '' })
      expect(out).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
      keys.add(out)
      const bytes = Buffer.from(out, 'base64')
      const isClamped = bytes.every(
        (byte, at) => (at !== 0 || byte % 8 === 0) && (at !== 31 || byte >> 6 === 1),
      )
      if (command === 'genkey') expect(isClamped).toBe(true)
      expect((await runWg(['pubkey'], { input: out })).status).toBe(0)
    }
    expect(keys.size).toBe(20)
  })

  it.each(
    [
      ['genkey', 'x'],
      ['genpsk', 'x'],
      ['pubkey', 'x'],
      ['genkey', '--help'],
      ['set'],
      ['set', 'wg0'],
      ['setconf'],
      ['addconf', 'wg0'],
      ['syncconf', 'wg0', 'a', 'b'],
      ['setconf', 'wg0', '/no/such/file'],
      ['showconf'],
      ['help'],
      ['-h'],
      ['--help'],
      ['--help', 'x'],
      ['no-such-command'],
      ['version', 'x'],
      [''],
    ].map((words) => ({ line: words.join(' '), words })),
  )('answers as wg(8): $line', async ({ words }) => {
    const [theirs, ours] = await Promise.all([runWg(words), runOurs(words)])
    expect(comparable(ours)).toEqual(comparable(theirs))
  })

  it.each(['-v', '--version', 'version'])('%s names a release of wireguard-tools', async (word) => {
    const shape = /^wireguard-tools v1\.0\.\d{8} - https:\/\/git\.zx2c4\.com\/wireguard-tools\/\n$/
    for (const outcome of [await runWg([word]), await runOurs([word])]) {
      expect(outcome).toEqual({ status: 0, out: expect.stringMatching(shape), err: '' })
    }
  })
})
