import { join } from 'node:path'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Remains, remainsOf } from './done-process.js'

const search = (leak: 'leak' | 'none'): Promise<Remains> =>
  remainsOf('userspace', leak, async (directory) => {
    const server = await FakeUapiServer.listen(join(directory, 'wg0.sock'), new FakeDevice('wg0'))
    onTestFinished(() => server[Symbol.asyncDispose]())
  })

describe('the memory of a process that is done with its keys', () => {
  it('has none of them, in no form', async () => {
    expect(await search('none')).toEqual({ memory: [], snapshot: [] })
  })

  it('is searched well: a key that was kept is found', async () => {
    const { memory, snapshot } = await search('leak')
    expect(memory).toEqual(expect.arrayContaining(['key 1 as raw', 'key 2 as base64']))
    expect(snapshot).toContain('key 2 as base64')
  })
})
