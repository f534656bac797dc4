// The tier `bundlers`: the recipes of docs/bundling.md, each in a folder that has nothing but what it made or installed.
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
import { managers, managerTools } from './managers.mjs'
import { fromTarballs, makeProject } from './project.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

/** Sockets of libc, the thread of link events, and the facade with a device. */
const program = `
import { Rtnl } from '@wgctrl/netlink'
import { generatePrivateKey, open, publicKey } from 'wgctrl'

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
  const peers = [{ publicKey: publicKey(generatePrivateKey()), allowedIPs: ['10.8.0.2/32'] }]
  await wg.up({ name: 'wg0', privateKey: generatePrivateKey(), addresses: ['10.8.0.1/24'], peers })
  const device = await wg.device('wg0')
  console.log(device.name + ' ' + device.peers[0].allowedIPs)
  await wg.down('wg0')
  await wg.close()
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
`
const PRINTED = 'left veth\nwg0 10.8.0.2/32\n'

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
  await makeProject(installed, { ...tools, ...managerTools })
})

after(() => rmSync(folder, { recursive: true }))

describe('package managers', () => {
  for (const { name, install } of managers) {
    it(`${name}: a program runs, and reaches the stand-ins for its tests`, async () => {
      const out = makeFolder(name)
      const inTests = "import { MemoryBackend } from 'wgctrl/testing'\nnew MemoryBackend()\n"
      writeFileSync(join(out, 'main.mjs'), inTests + program)
      await prints(await install({ out, tools: installed, packed }), out)
    })
  }
})

describe('bundlers', () => {
  for (const { name, beside, make } of recipes) {
    it(`${name}: a program runs where nothing is installed`, async () => {
      const out = makeFolder(name)
      const command = await make({ project, tools: installed, out })
      if (beside) {
        for (const each of ['ffi-rs', '@yuuang']) {
          const shipped = join('node_modules', each)
          cpSync(join(project, shipped), join(out, shipped), { recursive: true })
        }
      }
      await prints(command, out)
    })
  }

  it('a bundle without its native part says why, and where to read on', async () => {
    const out = makeFolder('without')
    const place = { project, tools: installed, out }
    const command = await esbuild(place, 'esm', '--loader:.node=copy')
    const [start = '', ...args] = isolated(command)
    const { output } = await run(start, args, { cwd: out, seconds: 120 })
    assert.match(output, /Dynamic require of "fs" is not supported.*\/docs\/bundling\.md/)
  })
})

/** @param {string} name */
function makeFolder(name) {
  const made = join(folder, name.replaceAll(/\W+/g, '-'))
  mkdirSync(made)
  return made
}

/**
 * @param {string[]} command
 * @param {string} cwd
 */
async function prints(command, cwd) {
  const [start = '', ...args] = isolated(command)
  assert.equal(await runWell(start, args, { cwd, seconds: 120 }), PRINTED)
}
