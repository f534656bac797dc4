import { describe, expect, it, onTestFinished } from 'vitest'
import { ip, isolate } from '../../contract/harnesses/isolation.js'
import { type Remains, remainsOf } from '../../secrets/done-process.js'

async function search(leak: 'leak' | 'none'): Promise<Remains> {
  await isolate()
  onTestFinished(async () => void (await ip('link', 'delete', 'wg0')))
  return remainsOf('linux-kernel', leak)
}

describe('the memory of a process that is done with the keys of a kernel device', () => {
  it('has none of them, in no form', async () => {
    expect(await search('none')).toEqual({ memory: [], snapshot: [] })
  })

  it('is searched well: a key that was kept is found', async () => {
    const { memory, snapshot } = await search('leak')
    expect(memory).toEqual(expect.arrayContaining(['key 1 as raw', 'key 2 as base64']))
    expect(snapshot).toContain('key 2 as base64')
  })
})
