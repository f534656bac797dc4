// The tier `bundlers`: the recipes of docs/bundling.md, each in a folder that has nothing but what it made.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { run, runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { packPackages } from '../../scripts/packages.mjs'
import { cache } from '../../scripts/workspace.mjs'
import { esbuild, recipes, tools } from './bundlers.mjs'
import { fromTarballs, makeProject } from './project.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

/** Sockets of libc, the thread of link events, and the facade. */
const program = `
import { Rtnl } from '@wgctrl/netlink'
import { open } from 'wgctrl'

async function main() {
  const rtnl = await Rtnl.open()
  const events = await rtnl.linkEvents()
  await rtnl.createLink({ name: 'left', kind: 'veth' })
  for await (const { type, link } of events) {
    if (type !== 'changed' || link.name !== 'left') continue
    console.log(link.name + ' ' + link.kind)
    break
  }
  await rtnl.close()
  const wg = await open()
  console.log(await wg.names())
  await wg.close()
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
`
const PRINTED = 'left veth\n[]\n'

const folder = mkdtempSync(join(tmpdir(), 'wgctrl-bundlers-'))
const project = join(folder, 'project')
const installed = join(cache, 'bundlers')
/** @type {Packed[]} */
let packed = []

before(async () => {
  const all = await packPackages(folder)
  packed = all.filter(({ name }) => !/cli|gateway/.test(name))
  await makeProject(project, fromTarballs(packed))
  writeFileSync(join(project, 'main.mjs'), program)
  await makeProject(installed, tools)
})

after(() => rmSync(folder, { recursive: true }))

describe('bundlers', () => {
  for (const { name, beside, make } of recipes) {
    it(`${name}: a program runs where nothing is installed`, async () => {
      const out = join(folder, name.replaceAll(/\W+/g, '-'))
      mkdirSync(out)
      const command = await make({ project, tools: installed, out })
      if (beside) {
        for (const each of ['ffi-rs', '@yuuang']) {
          const shipped = join('node_modules', each)
          cpSync(join(project, shipped), join(out, shipped), { recursive: true })
        }
      }
      const [start = '', ...args] = isolated(command)
      assert.equal(await runWell(start, args, { cwd: out, seconds: 120 }), PRINTED)
    })
  }

  it('a bundle without its native part says why, and where to read on', async () => {
    const out = join(folder, 'without')
    mkdirSync(out)
    const place = { project, tools: installed, out }
    const command = await esbuild(place, 'esm', '--loader:.node=copy')
    const [start = '', ...args] = isolated(command)
    const { output } = await run(start, args, { cwd: out, seconds: 120 })
    assert.match(output, /Dynamic require of "fs" is not supported.*\/docs\/bundling\.md/)
  })
})
