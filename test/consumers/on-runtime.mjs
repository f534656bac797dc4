import assert from 'node:assert/strict'
import { copyFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runWell } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { calls } from './calls.mjs'
import { linkProgram } from './links.mjs'
import { runProgram } from './project.mjs'
import { asCommonJs, readExample } from './readme.mjs'
import { entryPoints } from './types.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */
/** @typedef {import('./runtimes.mjs').Runtime} Runtime */
/** @typedef {{ title: string, error?: string }} Result */

/**
 * What the packed packages do on a runtime: as a user has them, on userspace devices.
 *
 * @param {Runtime} runtime
 * @param {{ facade: string, everything: string, packed: () => Packed[] }} projects one that depends on the facade
 *   alone, one that names every package
 */
export function onRuntime({ name, fetch, version, lacks }, { facade, everything, packed }) {
  describe(`on ${name}`, () => {
    /** @type {string[]} */
    let runtime = []

    before(async () => {
      runtime = await fetch()
      const [binary = ''] = runtime
      const answer = await runWell(binary, ['--version'])
      assert.ok(answer.startsWith(version), answer)
    })

    it('every entry point exports the same from ESM and CJS', async () => {
      const entries = entryPoints(packed())
      const load = (/** @type {string} */ how) =>
        `const loaded = {}
        for (const name of ${JSON.stringify(entries)}) loaded[name] = Object.keys(${how}).sort()
        console.log(JSON.stringify(loaded))`
      const how = { runtime }
      const esm = await runProgram(everything, 'load.mjs', load('await import(name)'), how)
      const cjs = await runProgram(everything, 'load.cjs', load('require(name)'), how)
      assert.deepEqual(JSON.parse(esm), JSON.parse(cjs))
      assert.deepEqual(Object.keys(JSON.parse(esm)), entries)
    })

    it('sockets of libc and the thread of link events work from ESM and CJS', async () => {
      for (const [file, load] of [
        ['links.mjs', "await import('@wgctrl/netlink')"],
        ['links.cjs', "require('@wgctrl/netlink')"],
      ]) {
        const how = { runtime, wrap: isolated }
        const output = await runProgram(everything, `${file}`, linkProgram(`${load}`), how)
        assert.equal(output, 'left veth\n')
      }
    })

    it('wgctrl runs, and as wg(8) where it has that name', async () => {
      const bin = join(everything, 'node_modules', '.bin', 'wgctrl')
      const run = async (/** @type {string[]} */ ...words) => {
        const [program = '', ...args] = isolated([...runtime, ...words])
        return await runWell(program, args)
      }
      assert.match((await run(bin, 'genkey')).trim(), /^[A-Za-z0-9+/]{43}=$/)
      const wg = join(everything, 'wg')
      rmSync(wg, { force: true })
      symlinkSync(bin, wg)
      // Bun calls a program by what its link leads to; Deno looks for what it imports beside the link.
      if (lacks.includes('links')) await assert.rejects(run(wg, 'version'))
      else assert.match(await run(wg, 'version'), /^wireguard-tools v/)
      assert.deepEqual(JSON.parse(await run(bin, 'show', '--json')), [])
    })

    it('the example of README.md runs as ESM', async () => {
      const how = { runtime, wrap: isolated }
      assert.notEqual(await runProgram(facade, 'example.mjs', readExample(), how), '')
    })

    it('the example of README.md runs as CJS', async () => {
      const how = { runtime, wrap: isolated }
      assert.notEqual(await runProgram(facade, 'example.cjs', asCommonJs(readExample()), how), '')
    })

    testCalls('userspace devices', async () => {
      const place = { kind: 'userspace', missing: 'linux-kernel', lacks }
      const file = placeCalls(everything)
      const [program = '', ...args] = isolated([...runtime, file, JSON.stringify(place)])
      return readResults(await runWell(program, args, { cwd: everything, seconds: 240 }))
    })
  })
}

/**
 * One test for each of the calls, which are made once.
 *
 * @param {string} devices
 * @param {() => Promise<Result[]>} run
 */
export function testCalls(devices, run) {
  describe(devices, () => {
    /** @type {Result[]} */
    let results = []
    before(async () => {
      results = await run()
    })
    for (const title of Object.keys(calls)) {
      it(title, () => {
        const result = results.find((each) => each.title === title)
        assert.ok(result, 'it did not come to this call')
        assert.equal(result.error, undefined)
      })
    }
  })
}

/**
 * Puts the program that makes the calls into a project that has the packages.
 *
 * @param {string} project
 */
export function placeCalls(project) {
  const file = join(project, 'calls.mjs')
  copyFileSync(fileURLToPath(new URL('calls.mjs', import.meta.url)), file)
  return file
}

/**
 * What the program printed: a line for each call. A word of the runtime's own, such as a warning, is none of them.
 *
 * @param {string} output
 * @returns {Result[]}
 */
export function readResults(output) {
  const others = output.split('\n').filter((line) => line !== '' && !line.startsWith('{"title":'))
  assert.deepEqual(others, [])
  return output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}
