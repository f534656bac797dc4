import { expect, it } from 'vitest'
import { checkConfig } from './checked-config.js'
import { checkExtra, type ExtraKeys } from './extra.js'

it('gives each line of it', () => {
  expect(checkExtra({ later: '1', several: ['a', 'b=c'], empty: '' }, 'extra')).toEqual([
    ['later', '1'],
    ['several', 'a'],
    ['several', 'b=c'],
    ['empty', ''],
  ])
})

it.each<[string, unknown]>([
  ['extra', null],
  ['extra', 'x=1'],
  ['extra.Later', { Later: '1' }],
  ['extra.a=b', { 'a=b': '1' }],
  ['extra.', { '': '1' }],
  ['extra.private_key', { private_key: '1' }],
  ['extra.public_key', { public_key: '1' }],
  ['extra.set', { set: '1' }],
  ['extra.jc', { jc: '4' }],
  ['extra.later', { later: 1 }],
  ['extra.later', { later: ['a', 2] }],
  ['extra.later', { later: '1\npublic_key=' }],
  ['extra.later', { later: '1\r' }],
  ['extra.later', { later: 'x'.repeat(4097) }],
  ['extra', { later: new Array(65).fill('1') }],
])('names %s in %j', (path, extra) => {
  expect(() => checkConfig({ extra: extra as ExtraKeys })).toThrow(
    expect.objectContaining({ code: 'EINVAL', path }),
  )
  const peers = [{ publicKey: Buffer.alloc(32, 7), extra: extra as ExtraKeys }]
  expect(() => checkConfig({ peers })).toThrow(
    expect.objectContaining({ code: 'EINVAL', path: `peers[0].${path}` }),
  )
})
