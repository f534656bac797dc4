import { expect, it } from 'vitest'
import { fakeIo } from '../testing.fixture.js'
import { readKeyFile } from './key-file.js'

const KEY = Buffer.alloc(32, 1).toString('base64')
const read = (input: string, isSeekable: boolean) =>
  readKeyFile('/dev/stdin', fakeIo({ input, isSeekable }))

it('an empty file clears a key, an empty pipe is a mistake', async () => {
  expect((await read('', true)).isZero).toBe(true)
  await expect(read('', false)).rejects.toThrow('Invalid length key in key file')
  expect((await readKeyFile('/dev/null', fakeIo())).isZero).toBe(true)
})

it('wipes what was read', async () => {
  const bytes = Buffer.from(`${KEY}\n`)
  const io = fakeIo()
  const stdin = { ...io.stdin, read: async () => bytes }
  expect((await readKeyFile('/dev/stdin', { ...io, stdin })).toBase64()).toBe(KEY)
  expect(bytes.every((byte) => byte === 0)).toBe(true)
})

it('wipes what was no key, and does not repeat it', async () => {
  const bytes = Buffer.from(`${KEY}x`)
  const io = fakeIo()
  const stdin = { ...io.stdin, read: async () => bytes }
  await expect(readKeyFile('/dev/stdin', { ...io, stdin })).rejects.toThrow(/^[A-Z][a-z ]+$/)
  expect(bytes.every((byte) => byte === 0)).toBe(true)
})
