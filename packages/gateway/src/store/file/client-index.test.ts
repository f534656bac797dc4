import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { ClientIndex } from './client-index.js'
import type { Entries } from './peer-blocks.js'

const key = publicKey(generatePrivateKey())

const files = (name: string, allowedIPs = ['10.0.0.1/32']): ReadonlyMap<string, Entries> =>
  new Map([
    ['a.conf', { good: [{ publicKey: key, client: { allowedIPs, name }, line: 1 }], bad: [] }],
  ])

it('tells of no client whose name alone changed, and knows it by the new one', async () => {
  const index = new ClientIndex(1)
  expect((await index.replace(files('alice'))).changes).toMatchObject([{ type: 'added' }])
  expect((await index.replace(files('bob'))).changes).toEqual([])
  expect(index.find(key)?.name).toBe('bob')
  const { changes } = await index.replace(files('bob', ['10.0.0.2/32']))
  expect(changes).toMatchObject([{ type: 'changed', client: { name: 'bob' } }])
})

it('gives others their turns while it takes over very many clients, and says nothing new until it is done', async () => {
  const good = Array.from({ length: 2000 }, (_, host) => ({
    publicKey: `${host}`.padStart(6, '0') + key.slice(6),
    client: { allowedIPs: [`10.0.${host >> 8}.${host & 255}/32`] },
    line: host,
  })) as never
  const index = new ClientIndex(7)
  let isDone = false
  const replaced = index.replace(new Map([['a.conf', { good, bad: [] }]])).finally(() => {
    isDone = true
  })
  let turns = 0
  for (; !isDone; turns++) {
    expect([index.size, index.revision]).toEqual([0, 7])
    await new Promise(setImmediate)
  }
  expect((await replaced).changes).toHaveLength(2000)
  expect([index.size, index.revision]).toEqual([2000, 2007])
  expect(turns).toBeGreaterThanOrEqual(5)
})
