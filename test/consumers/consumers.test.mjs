// The tier `consumers`: the packages as npm installs them.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { run, runWell } from '../../scripts/command.mjs'
import { packPackages, readManifest, readPackages } from '../../scripts/packages.mjs'
import { installedPackages, installScripts } from './installed.mjs'
import { onRuntime } from './on-runtime.mjs'
import { makeProjects } from './project.mjs'
import { readExample } from './readme.mjs'
import { thisNode } from './runtimes.mjs'
import { checkTypes, compilers, entryPoints } from './types.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

const folder = mkdtempSync(join(tmpdir(), 'wgctrl-consumers-'))
/** A project that depends on the facade alone, and one that names every package. */
const facade = join(folder, 'facade')
const everything = join(folder, 'everything')
/** @type {Packed[]} */
let packed = []

before(async () => {
  packed = await packPackages(folder)
  await makeProjects(packed, { facade, everything })
})

after(() => rmSync(folder, { recursive: true }))

describe('packed', () => {
  for (const { name, manifest } of readPackages()) {
    const folders = manifest.files.map((/** @type {string} */ each) => `package/${each}`)

    it(`${name} holds what is built, its manifest, README and licence`, async () => {
      const listing = await runWell('tar', ['--list', '--file', tarball(name)])
      const files = listing.trim().split('\n')
      const others = files.filter(
        (file) => !folders.some((/** @type {string} */ each) => file.startsWith(each)),
      )
      assert.deepEqual(others.sort(), [
        'package/LICENSE',
        'package/README.md',
        'package/package.json',
      ])
      for (const path of entryFiles(manifest))
        assert.ok(files.includes(join('package', path)), path)
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
        if (sibling) assert.ok(rangesOf(sibling).includes(range), `${dependency} ${range}`)
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

  it('lead from npx wgctrl to the command, where it is there, and else say how to get it', async () => {
    const npx = ['exec', '--offline', '--', 'wgctrl', '--version']
    const without = await run('npm', npx, { cwd: facade, seconds: 120 })
    assert.equal(without.status, 1)
    assert.match(without.output, /^wgctrl: this is the library; .*npx @wgctrl\/cli\b.*$/m)
    const beside = await runWell('npm', npx, { cwd: everything, seconds: 120 })
    const { version } = readPackages().find(({ name }) => name === '@wgctrl/cli')?.manifest ?? {}
    assert.equal(beside.trim(), version)
    const own = join(everything, 'node_modules/wgctrl/bin/npx.mjs')
    assert.equal((await runWell(process.execPath, [own, '--version'])).trim(), version)
  })

  for (const [compiler, moduleResolution] of compilers) {
    it(`have types for strict projects that resolve by ${moduleResolution}, with ${compiler}`, async () => {
      const how = { compiler, moduleResolution }
      await checkTypes(everything, how, entryPoints(packed), readExample())
    })
  }

  it('bring their manual page where they are installed for all', async () => {
    const prefix = join(folder, 'global')
    const siblings = packed.filter(({ name }) => name === '@wgctrl/cli').map((each) => each.tarball)
    const install = ['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit']
    await runWell('npm', [...install, ...siblings], { cwd: folder, seconds: 300 })
    const page = readFileSync(join(prefix, 'share/man/man1/wgctrl.1'), 'utf8')
    assert.match(page, /^\.TH WGCTRL 1/im)
  })
})

onRuntime(thisNode, { facade, everything, packed: () => packed })

/**
 * How the packages depend on each other: they are released together, an optional peer of them by its line.
 *
 * @param {Packed} sibling
 */
function rangesOf({ name, manifest: { version } }) {
  return name === '@wgctrl/gateway' ? [version, `${version.split('.')[0]}.x`] : [version]
}

/**
 * The files that a manifest sends others to.
 *
 * @param {Record<string, any>} manifest
 * @returns {string[]}
 */
function entryFiles({ main, bin = {}, exports = {} }) {
  return [...(main ? [main] : []), ...pathsIn(bin), ...pathsIn(exports)]
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
function pathsIn(value) {
  return typeof value === 'object' ? Object.values(value ?? {}).flatMap(pathsIn) : [`${value}`]
}

/** @param {string} name */
function tarball(name) {
  const found = packed.find((each) => each.name === name)
  assert.ok(found, `${name} was packed`)
  return found.tarball
}
