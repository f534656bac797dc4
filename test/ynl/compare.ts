import { appendFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Comparison, type Row, shell } from './comparison.js'
import type { Scenario } from './scenario.js'

/** A test for each thing that both clients are asked. */
export function compareWithTheKernelsOwn(scenarios: readonly Scenario[]): void {
  const named = scenarios.map((each) => ({ name: each.family, ...each }))
  describe.each(named)('$name, beside the kernel’s own client', (scenario) => {
    const { family, name, stage = [], isGlobal = false } = scenario
    const { dumps = [], dos = [], changes = [], heard } = scenario
    const netns = isGlobal ? undefined : `ynl-${name.replace(/\W+/g, '-')}`
    let both: Comparison

    beforeAll(async () => {
      if (netns !== undefined) shell([`ip netns add ${netns}`, `ip -n ${netns} link set lo up`])
      shell(stage, netns)
      both = await Comparison.open(family, netns)
    })

    afterAll(async () => {
      await both?.close()
      keep(both?.rows ?? [])
      if (netns !== undefined) shell([`ip netns delete ${netns}`])
    })

    if (dumps.length > 0) {
      it.each(dumps)('lists the same: %s %j', async (operation, values) => {
        expect(await both.dump(operation, values)).toEqual([])
      })
    }

    if (dos.length > 0) {
      it.each(dos)('gets the same answer: %s %j', async (operation, values, flags) => {
        expect(await both.do(operation, values, flags)).toEqual([])
      })
    }

    for (const change of changes) {
      it(`changes the same: ${change.make[0]}, ${change.undo[0]}`, async () => {
        expect(await both.change(change)).toEqual([])
      })
    }

    if (heard) {
      it(`hears the same: ${heard.groups.join(', ')}`, async () => {
        const cause = () => shell(heard.lines, netns)
        expect(await both.heard(heard.groups, heard.count, cause)).toEqual([])
      })
    }
  })
}

/** For the table of docs/netlink.md: scripts/ynl-table.mjs makes it. */
function keep(rows: readonly Row[]): void {
  const { WGCTRL_YNL_ROWS: file } = process.env
  if (file) appendFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
