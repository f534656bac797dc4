// The tier `runtimes`: the packages as npm installs them, on every runtime that is supported, with userspace devices
// of this machine and those of a real kernel.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { runWell } from '../../scripts/command.mjs'
import { packPackages, root } from '../../scripts/packages.mjs'
import { onRuntime, placeCalls, readResults, testCalls } from './on-runtime.mjs'
import { makeProjects } from './project.mjs'
import { runtimes } from './runtimes.mjs'

/** @typedef {import('../../scripts/packages.mjs').Packed} Packed */

const folder = mkdtempSync(join(tmpdir(), 'wgctrl-runtimes-'))
const facade = join(folder, 'facade')
const everything = join(folder, 'everything')
const results = join(folder, 'results')
/** @type {Packed[]} */
let packed = []

before(async () => {
  packed = await packPackages(folder)
  await makeProjects(packed, { facade, everything })
})

after(() => rmSync(folder, { recursive: true }))

for (const runtime of runtimes) onRuntime(runtime, { facade, everything, packed: () => packed })

describe('on a real kernel', () => {
  before(async () => {
    const script = join(folder, 'calls.sh')
    writeFileSync(script, await callsOfAll(placeCalls(everything)))
    mkdirSync(results)
    const machine = ['--kernel', 'auto', '--timeout', '1500', '--results', results]
    const command = [join(root, 'test/kernel/kernel.mjs'), ...machine, 'sh', script]
    await runWell(process.execPath, command, { cwd: root, seconds: 1600 })
  })

  for (const { name } of runtimes) {
    testCalls(`${name}: kernel devices`, async () =>
      readResults(readFileSync(join(results, name), 'utf8')),
    )
  }
})

/**
 * A script that has every runtime make the calls, one after the other: a line for each call in a file of its name.
 *
 * @param {string} file
 */
async function callsOfAll(file) {
  const lines = []
  for (const { name, fetch, lacks } of runtimes) {
    const place = JSON.stringify({ kind: 'linux-kernel', lacks })
    const words = [...(await fetch()), file, place].map((word) => `'${word}'`).join(' ')
    lines.push(`echo '${name}'`, `${words} >"$WGCTRL_RESULTS/${name}" 2>&1 || true`)
  }
  return ['cd "$(dirname "$0")/everything"', ...lines, 'sync', ''].join('\n')
}
