import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus } from './cases.js'
import { judge } from './judge.js'
import { isKeeping, type Kept, readKept, writeKept } from './kept.js'
import { ours } from './programs.js'
import { World } from './world.js'

describe('ours beside what wg-quick(8) does', () => {
  let world: World
  let reasons = ''
  let otherwise: Kept
  const seen: Kept = {}
  beforeAll(async () => {
    world = await World.make()
    otherwise = await readKept('ours')
    reasons = await readFile(new URL('../../docs/interfaces.md', import.meta.url), 'utf8')
  })
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
    if (isKeeping) await writeKept('ours', seen)
  })

  describe.each(Object.entries(corpus))('%s', (kind, cases) => {
    let kept: Kept
    beforeAll(async () => {
      kept = await readKept(kind)
    })

    it.each(Object.entries(cases))('%s', async (title, each) => {
      const { judgement, said } = await judge(world, ours, each)
      const theirs = kept[title]
      const { differs } = each
      if (!differs) {
        expect(judgement, said).toEqual(theirs)
        return
      }
      expect(reasons, 'the reason').toMatch(new RegExp(`^(\\| |- )${escaped(differs.reason)}`, 'm'))
      expect(judgement, said).not.toEqual(theirs)
      if (differs.refused) {
        expect(theirs?.up).toBe('done')
        expect(judgement).toEqual({ up: 'refused', left: [], log: [] })
        expect(said).toMatch(differs.refused)
      } else {
        seen[title] = judgement
        if (!isKeeping) expect(judgement, said).toEqual(otherwise[title])
      }
    })
  })
})

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
