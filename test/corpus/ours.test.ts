import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus } from './cases.js'
import { judge } from './judge.js'
import { isKeeping, type Kept, readKept, writeKept } from './kept.js'
import { ours } from './programs.js'
import { World } from './world.js'

/** One case of so many of each kind is tried. */
const SHARE = Number(process.env.WGCTRL_CORPUS_SHARE ?? 1)

/** A kind of which all are tried in any case. */
const WHOLE = process.env.WGCTRL_CORPUS_WHOLE

/** Says which; every run tells its own. */
const SEED = Number(process.env.WGCTRL_CORPUS_SEED ?? Date.now() % 2 ** 31)

describe(`ours beside what wg-quick(8) does (one of ${SHARE}, seed ${SEED})`, () => {
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
    if (isKeeping && SHARE === 1) await writeKept('ours', seen)
  })

  describe.each(Object.entries(corpus))('%s', (kind, cases) => {
    let kept: Kept
    beforeAll(async () => {
      kept = await readKept(kind)
    })

    it.each(shareOf(kind, Object.entries(cases)))('%s', async (title, each) => {
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

function shareOf<T>(kind: string, cases: readonly T[]): T[] {
  const share = kind === WHOLE ? 1 : Math.min(SHARE, cases.length)
  return cases.filter((_, at) => at % share === SEED % share)
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
