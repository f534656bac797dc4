import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus } from './cases.js'
import { judge, type Program } from './judge.js'
import { isKeeping, type Kept, readKept, VERSION, writeKept } from './kept.js'
import { furnish, wgQuickOf } from './programs.js'
import { sidRoot, versionIn } from './sid.mjs'
import { World } from './world.js'

describe('what is kept is what wg-quick(8) does', () => {
  let world: World
  let program: Program
  beforeAll(async () => {
    world = await World.make()
    const root = await sidRoot()
    await furnish(root, world.folder)
    program = wgQuickOf(root)
    expect(await versionIn(root)).toBe(VERSION)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  describe.each(Object.entries(corpus))('%s', (kind, cases) => {
    const seen: Kept = {}
    afterAll(async () => {
      if (isKeeping && Object.keys(seen).length > 0) await writeKept(kind, seen)
    })

    it.each(Object.entries(cases))('%s', async (title, each) => {
      const { judgement, said } = await judge(world, program, each)
      seen[title] = judgement
      if (!isKeeping) expect(judgement, said).toEqual((await readKept(kind))[title])
    })
  })
})
