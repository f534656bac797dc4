import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { countPlaces } from './test/fuzz/engine/plugin.js'
import { namespaced } from './test/namespaced-pool.js'

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

/** Tests run on the sources, so that a failure points at the line that a reader sees. */
const alias = {
  '@wgctrl/types/testing': source('types/src/testing/index.ts'),
  '@wgctrl/types': source('types/src/index.ts'),
  '@wgctrl/netlink/testing': source('netlink/src/testing/index.ts'),
  '@wgctrl/netlink': source('netlink/src/index.ts'),
  '@wgctrl/uapi/testing': source('uapi/src/testing/index.ts'),
  '@wgctrl/uapi': source('uapi/src/index.ts'),
  'wgctrl/testing': source('wireguard/src/testing/index.ts'),
  '@wgctrl/ynl/runtime': source('ynl/src/runtime.ts'),
  '@wgctrl/ynl': source('ynl/src/index.ts'),
  '@wgctrl/gateway': source('gateway/src/index.ts'),
  wgctrl: source('wireguard/src/index.ts'),
}

const tier = (name: string, include: string[], testTimeout: number, more = {}) => ({
  resolve: { alias },
  test: {
    name,
    include,
    testTimeout,
    hookTimeout: testTimeout,
    retry: 0,
    // As test/patience.ts has it for vi.waitFor.
    expect: { poll: { timeout: 60_000 } },
    setupFiles: [fileURLToPath(new URL('test/patience.ts', import.meta.url))],
    ...more,
  },
})

/** A tier whose files make devices, or count what a machine has: each has a network and a process tree of its own. */
const deviceTier = (name: string, include: string[], testTimeout: number, more = {}) =>
  tier(name, include, testTimeout, { pool: namespaced, ...more })

/** Half of their time these tests wait: two files run at a time, also on two processors. */
const twoAtOnce = { maxWorkers: 2 }

/** And these wait longer, for daemons that hang and for what has to pass by itself. */
const threeAtOnce = { maxWorkers: 3 }

/** As vitest has it, which takes all processors but one: of two, that would be one file at a time. */
const atLeastTwo = { maxWorkers: Math.max(2, availableParallelism() - 1) }

/** The packages that were built are no sources that vitest has to read. */
const built = { server: { deps: { external: [/\/packages\/[a-z]+\/dist\//] } } }

/**
 * A tier in an emulated machine, where everything takes ten times as long: the packages are those
 * that were built, since reading their sources would take half a minute, and its one processor runs
 * one file after the other.
 */
const kernelTier = (name: string, include: string[], testTimeout: number, more = {}) => ({
  ...tier(name, include, testTimeout, {
    fileParallelism: false,
    ...built,
    ...more,
  }),
  resolve: {},
})

/** What takes a second alone takes a minute on a machine that ten others use; a test waits so for more than one thing. */
const PATIENT = 300_000

const unit = ['packages/*/src/**/*.test.ts', 'test/exports/*.test.ts']

/** Of those, what mocks a module or loads one again: a process of its own for each. */
const packages = new URL('packages/', import.meta.url)
const mocked = readdirSync(packages)
  // Not whole packages: with what they are built to, and what is installed there, they are eight times as many files.
  .flatMap((name) => filesIn(new URL(`${name}/src/`, packages)))
  .filter(
    (path) =>
      path.endsWith('.test.ts') &&
      /\bvi\.(mock|doMock|resetModules)\(/.test(readFileSync(path, 'utf8')),
  )
  .map((path) => relative(fileURLToPath(new URL('.', import.meta.url)), path))

function filesIn(folder: URL): string[] {
  const path = fileURLToPath(folder)
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((file) => join(path, file))
}

/**
 * The whole contract once more: with a connection between, which is in every run on devices in memory, of the fake
 * of a daemon that is itself in every run, and of another with as many peers as the others have there.
 */
const longContract = [
  'test/contract/fake-socket-2022.test.ts',
  'test/contract/fake-socket-boringtun.test.ts',
  'test/contract/remote-wireguard-go.test.ts',
]

/** Of gateways, what needs a server of NATS. */
const withNats = [
  'nats-store',
  'nats-bucket',
  'nats-access',
  'fleet',
  'fleet-lookups',
  'pages',
].map((name) => `test/gateway/${name}.test.ts`)

/** And what wants a quiet machine for five minutes. */
const whileRoaming = ['test/gateway/roaming.test.ts']

/** And what fills it for a quarter of an hour. */
const withMillion = ['test/gateway/million.test.ts']

/** Of the life of interfaces, what every run of the tests has time for on devices of a kernel. */
const shortLifecycle = ['test/lifecycle/comparison.test.ts']

/** Of the same, what has a longer form. */
const longLeaks = ['leak', 'memory-machine', 'reconcile-property', 'killed-up'].map(
  (name) => `test/lifecycle/${name}.test.ts`,
)
const manyRounds = {
  WGCTRL_LEAK_ROUNDS: '1000',
  WGCTRL_RECONCILE_PAIRS: '200',
  WGCTRL_KILLED_UP: 'all',
  WGCTRL_MEMORY_MACHINE: 'all',
}

/** Of processes that work on the same interfaces, or write one device, the same. */
const turns = ['test/soak/turns.test.ts', 'test/faults/two-writers.test.ts']
const tenMinutes = { WGCTRL_TURNS_SECONDS: '600', WGCTRL_WRITERS_SECONDS: '60' }

/** Of two callers who manage one server, the same. */
const hundredRounds = { WGCTRL_CALLER_ROUNDS: '100' }

/** Of the commands of wg(8) beside it, the same. */
const longCommands = ['wireguard-go', 'bin', 'sync', 'interruption'].map(
  (name) => `test/cli/${name}.test.ts`,
)

/** Of what looks at devices over time, the same. */
const shortEvents = ['handshakes', 'just-in-time', 'watch'].map(
  (name) => `test/events/${name}.test.ts`,
)

/** The sizes and times that are promised: `test/events/sizes.ts`. */
const longEvents = { WGCTRL_EVENTS: 'long' }

/** What counts how often a device reads its socket late, which a busy machine makes often. */
const onQuietMachine = ['test/faults/slow-device.test.ts']

/** Of the config files one in sixteen, and all that the device itself writes, unless more are asked for. */
const fewFiles = {
  WGCTRL_CORPUS_SHARE: process.env.WGCTRL_CORPUS_SHARE ?? '16',
  WGCTRL_CORPUS_WHOLE: 'saves',
}

export default defineConfig({
  test: {
    projects: [
      // Files share the modules of a process, but for those that put others in their place.
      tier('unit', unit, PATIENT, { isolate: false, exclude: mocked, ...atLeastTwo }),
      tier('unit-mocked', mocked, PATIENT, atLeastTwo),
      deviceTier('contract', ['test/contract/**/*.test.ts'], PATIENT, {
        ...twoAtOnce,
        exclude: longContract,
      }),
      deviceTier('contract-long', longContract, PATIENT),
      deviceTier('interop', ['test/interop/**/*.test.ts'], PATIENT),
      deviceTier('cli', ['test/cli/*.test.ts'], 600_000, threeAtOnce),
      deviceTier('cli-long', longCommands, 600_000, {
        env: { WGCTRL_CLI: 'long' },
      }),
      deviceTier('callers', ['test/cli/two-callers.test.ts'], 3_600_000, { env: hundredRounds }),
      deviceTier('lifecycle', ['test/lifecycle/*.test.ts'], 600_000, threeAtOnce),
      deviceTier('files', ['test/corpus/ours.test.ts'], PATIENT),
      deviceTier('corpus', ['test/corpus/*.test.ts'], 3_600_000, { fileParallelism: false }),
      deviceTier('leaks', longLeaks, 7_200_000, { fileParallelism: false, env: manyRounds }),
      deviceTier('events', ['test/events/*.test.ts'], PATIENT, atLeastTwo),
      // Files one after the other: they are about time, and the machine is one.
      deviceTier('events-long', ['test/events/*.test.ts', ...onQuietMachine], 1_800_000, {
        fileParallelism: false,
        env: longEvents,
      }),
      deviceTier('gateway', ['test/gateway/*.test.ts'], PATIENT, {
        ...threeAtOnce,
        exclude: [...withNats, ...whileRoaming, ...withMillion],
      }),
      deviceTier('gateway-nats', withNats, PATIENT),
      deviceTier('gateway-million', withMillion, 3_600_000),
      deviceTier('fleet', whileRoaming, 900_000, {
        env: { WGCTRL_ROAMING: process.env['WGCTRL_ROAMING'] ?? 'long' },
      }),
      deviceTier('resolved', ['test/resolved/*.test.ts'], PATIENT),
      deviceTier('ynl', ['test/ynl/*.test.ts'], PATIENT),
      deviceTier('faults', ['test/faults/**/*.test.ts'], PATIENT, {
        ...threeAtOnce,
        exclude: onQuietMachine,
      }),
      deviceTier('secrets', ['test/secrets/**/*.test.ts'], PATIENT, twoAtOnce),
      deviceTier('privileges', ['test/privileges/**/*.test.ts'], PATIENT),
      deviceTier('soak', ['test/soak/**/*.test.ts'], 7_200_000),
      deviceTier('turns', turns, 1_200_000, { env: tenMinutes }),
      { plugins: [countPlaces], ...tier('fuzz', ['test/fuzz/**/*.test.ts'], 86_400_000) },
      // On the packages that were built, as the panel itself.
      { ...deviceTier('panel', ['test/panel/*.test.ts'], PATIENT, built), resolve: {} },
      // On the packages that were built, emulated.
      { ...tier('abi', ['test/abi/*.test.ts'], PATIENT), resolve: {} },
      // In one process: one of its own for each file takes an emulated processor five seconds and more.
      kernelTier('kernel', ['test/kernel/guest/*.test.ts', ...shortEvents], 600_000, {
        isolate: false,
      }),
      kernelTier('kernel-lifecycle', shortLifecycle, 600_000),
      kernelTier(
        'kernel-long',
        ['test/kernel/long/*.test.ts', 'test/lifecycle/*.test.ts'],
        1_800_000,
        { exclude: shortLifecycle },
      ),
      kernelTier(
        'kernel-events',
        ['test/events/*.test.ts', 'test/kernel/units/*.test.ts'],
        1_800_000,
        { env: longEvents },
      ),
      kernelTier(
        'kernel-files',
        ['test/corpus/ours.test.ts', 'test/kernel/files/*.test.ts'],
        600_000,
        { env: fewFiles },
      ),
      kernelTier('kernel-ynl', ['test/ynl/machine/*.test.ts'], 600_000),
      kernelTier('kernel-no-ipv6', ['test/kernel/no-ipv6/*.test.ts'], PATIENT),
      kernelTier('kernel-without', ['test/kernel/without/*.test.ts'], PATIENT),
    ],
  },
})
