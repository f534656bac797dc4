import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './command.mjs'
import { countNodeTests, countVitest, oneMoreFailure } from './counts.mjs'
import { isolated, isolation } from './namespace.mjs'
import { root } from './packages.mjs'

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * @typedef {object} Tier
 * @property {string} name
 * @property {string} about a phrase for what it shows
 * @property {boolean} [asked] runs only when it is named, or with `--all`
 * @property {boolean} [built] needs the packages built
 * @property {boolean} [root] needs to be root
 * @property {import('./machine.mjs').Need[]} [needs] what has to be installed
 * @property {number} seconds what it may take
 * @property {(tier: Tier) => Promise<Counts>} run
 */

const daemon = {
  package: 'wireguard-go',
  command: 'wireguard-go',
  why: 'makes userspace devices',
}
const wg = {
  package: 'wireguard-tools',
  command: 'wg',
  why: 'is what the library is compared with',
}

const network = [
  { package: 'nftables', command: 'nft', why: 'keeps strangers out of a default route' },
  { package: 'iptables', command: 'iptables', why: 'does so where there is no nft' },
  { package: 'iputils-ping', command: 'ping', why: 'sends packets through tunnels' },
  { package: 'procps', command: 'sysctl', why: 'is what wg-quick(8) sets the kernel with' },
]

/** @type {Tier[]} */
export const tiers = [
  {
    name: 'check',
    about: 'format, types, unused code, and the packages as they would be published',
    built: true,
    needs: [{ package: 'git', command: 'git', why: 'tells what changed since the last release' }],
    seconds: 600,
    run: nodeTests('scripts/check.mjs'),
  },
  {
    name: 'unit',
    about: "each package's own tests, on its sources",
    seconds: 600,
    run: vitest(),
  },
  {
    name: 'contract',
    about: 'one suite over every backend, with real wireguard-go devices',
    root: true,
    needs: [...isolation, daemon],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'interop',
    about: 'wg(8) reads what we write, and the other way round',
    root: true,
    needs: [...isolation, daemon, wg],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'lifecycle',
    about: 'interfaces that we bring up and down, beside those of wg-quick(8)',
    root: true,
    needs: [...isolation, daemon, wg, ...network],
    seconds: 1200,
    run: vitest({ isolate: true }),
  },
  {
    name: 'events',
    about: 'handshakes, just-in-time peers and watching, with real clients in namespaces',
    asked: true,
    root: true,
    needs: [...isolation, daemon, ...network],
    seconds: 900,
    run: vitest({ isolate: true }),
  },
  {
    name: 'kernel',
    about: 'the contract, sizes and traffic on a real 6.12 kernel, in a virtual machine if need be',
    built: true,
    root: true,
    needs: [daemon, wg],
    seconds: 1500,
    run: kernelTests('auto', ['contract', 'equivalence', 'permissions', 'sizes', 'traffic']),
  },
  {
    name: 'kernel-long',
    about: 'on the same kernel: interop, the contract through the facade, torn dumps',
    asked: true,
    built: true,
    root: true,
    needs: [daemon, wg],
    seconds: 3000,
    run: kernelTests('auto', ['facade', 'interop', 'torn']),
  },
  {
    name: 'kernel-6.1',
    about: 'the same on 6.1',
    asked: true,
    built: true,
    root: true,
    needs: [daemon, wg],
    seconds: 1500,
    run: kernelTests('6.1'),
  },
  {
    name: 'examples',
    about: 'every program in examples/ runs to its end',
    built: true,
    root: true,
    needs: [...isolation, daemon, ...network],
    seconds: 600,
    run: nodeTests('scripts/examples.mjs'),
  },
  {
    name: 'consumers',
    about: 'the packed packages in an empty project, with this Node',
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 600,
    run: nodeTests('test/consumers/consumers.test.mjs'),
  },
  {
    name: 'node-versions',
    about: 'the packed packages in an empty project, with every Node that is supported',
    asked: true,
    built: true,
    root: true,
    needs: [...isolation, daemon],
    seconds: 1200,
    run: nodeTests('test/consumers/consumers.test.mjs', '--node-versions'),
  },
]

/**
 * Runs the vitest project that is named as the tier.
 *
 * @param {{ isolate?: boolean }} [options]
 * @returns {Tier['run']}
 */
function vitest({ isolate = false } = {}) {
  return async ({ name, seconds }) => {
    const report = join(tmpdir(), `${name}.json`)
    const program = join(root, 'node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const args = ['run', '--project', name, '--allowOnly=false', ...reporters]
    const command = [process.execPath, program, ...args]
    return await runCounted(isolate ? isolated(command) : command, seconds, () =>
      countVitest(report),
    )
  }
}

/**
 * Runs the vitest project `kernel` against a real kernel: the results come back through the one folder
 * that the machine may write to.
 *
 * @param {string} kernel '6.12', '6.1', 'host' or 'auto'
 * @param {string[]} [files] of test/kernel/guest, without `.test.ts`; absent: all
 * @returns {Tier['run']}
 */
function kernelTests(kernel, files = []) {
  return async ({ name, seconds }) => {
    const folder = join(tmpdir(), name)
    const report = join(folder, 'report.json')
    const machine = ['--kernel', kernel, '--timeout', String(seconds - 30), '--results', folder]
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const only = files.map((file) => `test/kernel/guest/${file}.test.ts`)
    const program = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'kernel']
    const tests = [...program, ...reporters, ...only]
    const command = ['test/kernel/kernel.mjs', ...machine, '--', process.execPath, ...tests]
    return await runCounted([process.execPath, ...command], seconds, () => countVitest(report))
  }
}

/**
 * Runs a file of tests for node:test.
 *
 * @param {string} file
 * @param {string[]} args
 * @returns {Tier['run']}
 */
function nodeTests(file, ...args) {
  return async ({ name, seconds }) => {
    const report = join(tmpdir(), `${name}.tap`)
    const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout']
    const tap = ['--test-reporter=tap', `--test-reporter-destination=${report}`]
    const command = [process.execPath, ...spec, ...tap, join(root, file), ...args]
    return await runCounted(command, seconds, () => countNodeTests(report))
  }
}

/**
 * Runs a command and counts its tests; whatever hides the true count is a failure itself.
 *
 * @param {string[]} command
 * @param {number} seconds
 * @param {() => Counts | undefined} count
 * @returns {Promise<Counts>}
 */
async function runCounted([program = '', ...args], seconds, count) {
  const { status, isLate } = await run(program, args, { cwd: root, seconds, shown: true })
  const counts = count() ?? { passed: 0, failed: 0 }
  const { passed, failed } = counts
  if (isLate) return oneMoreFailure(counts, `it was stopped after ${seconds} s`)
  if (status !== 0 && failed === 0) return oneMoreFailure(counts, `it ended with ${status}`)
  if (passed + failed === 0) return oneMoreFailure(counts, 'it has no tests')
  return counts
}
