import { describe, expect, it } from 'vitest'
import type { Remains } from './done-process.js'

/**
 * What a process keeps of keys once it is done with them.
 *
 * @param search ends such a process and looks; `leak`: one that holds on to two keys
 */
export function memorySuite(
  keys: string,
  search: (leak: 'leak' | 'none') => Promise<Remains>,
): void {
  describe(`the memory of a process that is done with ${keys}`, () => {
    it('has none of them, in no form', async () => {
      expect(await search('none')).toEqual({ memory: [], snapshot: [] })
    })

    it('is searched well: a key that was kept is found', async () => {
      const { memory, snapshot } = await search('leak')
      expect(memory).toEqual(expect.arrayContaining(['key 1 as raw', 'key 2 as base64']))
      expect(snapshot).toContain('key 2 as base64')
    })
  })
}
