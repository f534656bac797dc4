// `npm run fuzz -- <target> <seconds> [seed]`: one target for longer than the tier has. What reaches
// something new is added to test/fuzz/corpus/<target>, and so is an input that breaks a promise.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.mjs'
import { root } from './packages.mjs'

const [target = '', seconds = '60', seed = String(Date.now() % 2 ** 32)] = process.argv.slice(2)
const targets = readdirSync(join(root, 'test/fuzz/corpus'))

if (!targets.includes(target) || !(Number(seconds) > 0)) {
  console.error(
    `Usage: npm run fuzz -- <target> <seconds> [seed]\n\nTargets: ${targets.join(', ')}`,
  )
  process.exit(1)
}

const env = {
  ...process.env,
  WGCTRL_FUZZ_TARGET: target,
  WGCTRL_FUZZ_SECONDS: seconds,
  WGCTRL_FUZZ_SEED: seed,
}
const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'fuzz']
const limit = Number(seconds) + 600
const { status } = await run(process.execPath, args, {
  cwd: root,
  env,
  seconds: limit,
  shown: true,
})
process.exit(status)
