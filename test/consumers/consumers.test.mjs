// The tiers `consumers` and, with --node-versions, `node-versions`: the packages as npm installs them.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { packPackages, readManifest, readPackages } from '../../scripts/packages.mjs'
import { installedPackages, installScripts } from './installed.mjs'
import { fetchNode, supported } from './nodes.mjs'
import { fromTarballs, makeProject, runProgram } from './project.mjs'
import { asCommonJs, readExample } from './readme.mjs'
import { checkTypes, entryPoints } from './types.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

const folder = mkdtempSync(join(tmpdir(), 'wgctrl-consumers-'))
/** A project that depends on the facade alone, and one that names every package. */
const facade = join(folder, 'facade')
const everything = join(folder, 'everything')
/** @type {Packed[]} */
let packed = []

before(async () => {
  packed = await packPackages(folder)
  const isFacade = (/** @type {Packed} */ { name }) => name === 'wgctrl'
  const others = packed.filter((each) => !isFacade(each))
  await makeProject(facade, fromTarballs(packed.filter(isFacade)), fromTarballs(others))
  await makeProject(everything, fromTarballs(packed))
})

after(() => rmSync(folder, { recursive: true }))

describe('packed', () => {
  for (const { name } of readPackages()) {
    it(`${name} holds what is built, its manifest, README and licence`, async () => {
      const listing = await runWell('tar', ['--list', '--file', tarball(name)])
      const files = listing.trim().split('\n')
      const others = files.filter((file) => !file.startsWith('package/dist/'))
      assert.deepEqual(others.sort(), [
        'package/LICENSE',
        'package/README.md',
        'package/package.json',
      ])
      assert.ok(files.includes('package/dist/index.js'))
      assert.deepEqual(
        files.filter((file) => file.includes('.test.')),
        [],
      )
    })

    it(`${name} depends on versions that a registry knows`, () => {
      const manifest = readManifest(join(everything, 'node_modules', name, 'package.json'))
      for (const [dependency, range] of Object.entries({
        ...manifest.dependencies,
        ...manifest.peerDependencies,
        ...manifest.optionalDependencies,
      })) {
        const sibling = packed.find((each) => each.name === dependency)
        if (sibling) assert.equal(range, sibling.manifest.version, dependency)
        else assert.match(range, /^[\^~]?\d+\.\d+\.\d+$/, dependency)
      }
    })
  }
})

describe('installed', () => {
  for (const project of [facade, everything]) {
    it(`run no script and compile nothing: ${basename(project)}`, () => {
      const installed = installedPackages(project)
      assert.ok(installed.includes(join(project, 'node_modules', 'wgctrl')))
      assert.deepEqual(installed.flatMap(installScripts), [])
    })
  }

  it('are what was packed, also where one depends on another', () => {
    const lock = JSON.parse(readFileSync(join(facade, 'package-lock.json'), 'utf8'))
    for (const { name, tarball } of packed) {
      const entry = lock.packages[`node_modules/${name}`]
      if (entry) assert.match(entry.resolved, new RegExp(`^file:.*${basename(tarball)}$`))
    }
  })

  for (const moduleResolution of /** @type {const} */ (['node16', 'bundler'])) {
    it(`have types for strict projects that resolve by ${moduleResolution}`, async () => {
      await checkTypes(everything, moduleResolution, entryPoints(packed), readExample())
    })
  }
})

const versions = process.argv.includes('--node-versions') ? supported : [process.versions.node]
for (const version of versions) {
  describe(`on Node ${version}`, () => {
    let node = process.execPath

    before(async () => {
      if (version !== process.versions.node) node = await fetchNode(version)
      const answer = await runWell(node, ['--version'])
      assert.ok(answer.startsWith(`v${version}`), answer)
    })

    it('every entry point exports the same from ESM and CJS', async () => {
      const entries = entryPoints(packed)
      const load = (/** @type {string} */ how) =>
        `const loaded = {}
        for (const name of ${JSON.stringify(entries)}) loaded[name] = Object.keys(${how}).sort()
        console.log(JSON.stringify(loaded))`
      const esm = await runProgram(everything, 'load.mjs', load('await import(name)'), { node })
      const cjs = await runProgram(everything, 'load.cjs', load('require(name)'), { node })
      assert.deepEqual(JSON.parse(esm), JSON.parse(cjs))
      assert.deepEqual(Object.keys(JSON.parse(esm)), entries)
    })

    it('the example of README.md runs as ESM', async () => {
      const how = { node, wrap: isolated }
      assert.notEqual(await runProgram(facade, 'example.mjs', readExample(), how), '')
    })

    it('the example of README.md runs as CJS', async () => {
      const how = { node, wrap: isolated }
      assert.notEqual(await runProgram(facade, 'example.cjs', asCommonJs(readExample()), how), '')
    })
  })
}

/** @param {string} name */
function tarball(name) {
  const found = packed.find((each) => each.name === name)
  assert.ok(found, `${name} was packed`)
  return found.tarball
}
