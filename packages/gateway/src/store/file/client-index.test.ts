import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { ClientIndex } from './client-index.js'
import type { Entries } from './peer-blocks.js'

const key = publicKey(generatePrivateKey())

const files = (name: string, allowedIPs = ['10.0.0.1/32']): ReadonlyMap<string, Entries> =>
  new Map([
    ['a.conf', { good: [{ publicKey: key, client: { allowedIPs, name }, line: 1 }], bad: [] }],
  ])

it('tells of no client whose name alone changed, and knows it by the new one', () => {
  const index = new ClientIndex(1)
  expect(index.replace(files('alice')).changes).toMatchObject([{ type: 'added' }])
  expect(index.replace(files('bob')).changes).toEqual([])
  expect(index.find(key)?.name).toBe('bob')
  const changes = index.replace(files('bob', ['10.0.0.2/32'])).changes
  expect(changes).toMatchObject([{ type: 'changed', client: { name: 'bob' } }])
})
