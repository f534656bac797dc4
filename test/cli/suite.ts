import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FIELDS } from '../../packages/cli/src/wg/commands.js'
import { Bench } from '../contract/bench.js'
import type { Harness } from '../contract/harness.js'
import { type ConfText, confText } from './conf-texts.js'
import { makeKeyFiles } from './key-files.js'
import { comparable } from './meaning.js'
import { PortPairs } from './ports.js'
import { withSeed } from './seed.js'
import { setWords } from './set-words.js'
import { isLong } from './sizes.js'
import { Twins } from './twins.js'
import { type Outcome, runOurs, runWg, yearOfWg } from './wg.js'

/**
 * Our commands beside wg(8) of this machine on twin devices: after each command both have said the same,
 * ended with the same status, and the devices are equal.
 *
 * wg(8) is started for every case. Our program is run within this process, through `main` with streams of
 * its own: starting Node thousands of times would take most of the time. bin.test.ts starts the built
 * program itself.
 */
export function cli(harness: Harness, sizes: Sizes = isLong ? full : few): void {
  describe(`wg(8) and ours on ${harness.name}`, () => {
    const bench = new Bench(harness)
    let stage: Stage
    beforeAll(async () => {
      await bench.setup()
      stage = await Stage.make(bench)
    })
    afterAll(async () => {
      await stage.remove()
      await bench.teardown()
    })

    it('set', () => setsAlike(stage, sizes))
    it.each(MODES)('%s', (mode) => readsFilesAlike(stage, mode, sizes))
    it('show and showconf, in every form', () => showsAlike(stage, harness, sizes))
  })
}

/** A wg(8) to compare with. */
interface Judge {
  readonly run: typeof runWg
  /** Whether `syncconf` clears what a file does not name, as since 2025. */
  readonly clears: boolean
}

/** The wg(8) of this machine. */
const installed: Judge = { run: runWg, clears: yearOfWg >= 2025 }

/** The same for files alone. */
export function configFiles(
  harness: Harness,
  sizes: Pick<Sizes, 'files' | 'seconds'>,
  judge: Judge = installed,
): void {
  describe(`files for wg(8) and ours on ${harness.name}`, () => {
    const bench = new Bench(harness)
    let stage: Stage
    beforeAll(async () => {
      await bench.setup()
      stage = await Stage.make(bench)
    })
    afterAll(async () => {
      await stage.remove()
      await bench.teardown()
    })

    const timeout = (sizes.seconds + 100) * 1000
    it.each(MODES)('%s', { timeout }, (mode) => readsFilesAlike(stage, mode, sizes, judge))
  })
}

/** How much is tried. */
export interface Sizes {
  /** Histories, each from a blank device. */
  readonly histories: number
  /** `set` commands of a history. */
  readonly length: number
  /** Files for each of the commands that read one. */
  readonly files: number
  /** States to show. */
  readonly states: number
  /** Looking for a smaller counterexample ends before the test does, which then shows the one found. */
  readonly seconds: number
}

const full: Sizes = { histories: 110, length: 20, files: 200, states: 6, seconds: 500 }

/** What every run of the tests has time for: other cases each time, whose seed is printed. */
export const few: Sizes = { ...full, histories: 20, files: 40, states: 2 }

const MODES = ['setconf', 'addconf', 'syncconf'] as const

const runs = (numRuns: number, { seconds }: Pick<Sizes, 'seconds'>) => ({
  ...withSeed(),
  numRuns,
  interruptAfterTimeLimit: seconds * 1000,
})

class Stage {
  readonly twins: Twins
  readonly #directory: string
  readonly #removers: (() => Promise<void>)[]

  private constructor(twins: Twins, directory: string, removers: (() => Promise<void>)[]) {
    this.twins = twins
    this.#directory = directory
    this.#removers = removers
  }

  static async make(bench: Bench): Promise<Stage> {
    const files = await makeKeyFiles()
    const directory = await mkdtemp(join(tmpdir(), 'wgctrl-cli-'))
    const names = [await bench.stage.createDevice(), await bench.stage.createDevice()] as const
    const ports = await PortPairs.make(3)
    const twins = new Twins(bench, ports, names, files.directory)
    return new Stage(twins, directory, [
      files.remove,
      () => rm(directory, { recursive: true }),
      ...names.map((name) => () => bench.stage.removeDevice(name)),
    ])
  }

  async remove(): Promise<void> {
    for (const remove of this.#removers) await remove()
  }

  /** A file for a side; `@0` stands for a port in it. */
  async write(text: string, side: 0 | 1): Promise<string> {
    const path = join(this.#directory, `${side}.conf`)
    await writeFile(path, this.twins.textOf(text, side), { mode: 0o600 })
    return path
  }
}

async function setsAlike({ twins }: Stage, sizes: Sizes): Promise<void> {
  const { histories, length } = sizes
  let count = 0
  let failures = 0
  const history = fc.array(setWords(), { minLength: length, maxLength: length })
  await fc.assert(
    fc.asyncProperty(history, async (commands) => {
      await twins.reset()
      for (const words of commands) {
        const outcomes = await twins.run(['set', '@device', ...words])
        await twins.expectSame(outcomes, words)
        count++
        if (outcomes[0].status !== 0) failures++
      }
    }),
    runs(histories, sizes),
  )
  expect(count).toBeGreaterThanOrEqual(histories * length)
  // Both kinds of command were there in numbers.
  expect(failures).toBeGreaterThan(count / 10)
  expect(count - failures).toBeGreaterThan(count / 50)
}

async function readsFilesAlike(
  stage: Stage,
  mode: (typeof MODES)[number],
  sizes: Pick<Sizes, 'files' | 'seconds'>,
  theirs: typeof installed = installed,
): Promise<void> {
  const { twins } = stage
  let done = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.array(confText(), { minLength: 4, maxLength: 4 }), async (texts) => {
      await twins.reset()
      for (const conf of texts) {
        const outcomes = await Promise.all([
          theirs.run([mode, twins.names[0], await stage.write(conf.text, 0)]),
          runOurs([mode, twins.names[1], await stage.write(conf.text, 1)]),
        ])
        expectSameRefusal(twins.textOf(conf.text, 0), outcomes)
        const lacks = mode === 'syncconf' && outcomes[0].status === 0 && !theirs.clears
        if (lacks) await clearAsSince2025(twins, conf)
        await twins.expectSameDevices(conf.text)
        done++
        if (outcomes[0].status !== 0) refused++
      }
    }),
    runs(sizes.files / 4, sizes),
  )
  expect(done).toBeGreaterThanOrEqual(sizes.files)
  expect(refused).toBeGreaterThan(sizes.files / 20)
  expect(refused).toBeLessThan((sizes.files * 19) / 20)
}

/** wg(8) stops at the first mistake of a file; we tell all, with line and column, and then end as it does. */
function expectSameRefusal(text: string, [theirs, ours]: readonly [Outcome, Outcome]): void {
  const { status, out, err } = comparable(theirs)
  const mine = comparable(ours)
  expect({ status: mine.status, out: mine.out, last: mine.err.at(-1) }, text).toEqual({
    status,
    out,
    last: err.at(-1),
  })
  const warnings = (lines: string[]) => lines.filter((line) => line.startsWith('Warning:'))
  if (status === 0) expect(warnings(mine.err), text).toEqual(warnings(err))
  const [, quoted] = /^(?!Warning|Temp|Name or).*`(.*)'$/m.exec(theirs.err) ?? []
  if (quoted === undefined) return
  // It looks for missing keys last.
  const [, number] = /: line (\d+), column (?!.*expected a PublicKey in)/.exec(ours.err) ?? []
  const line = text.split(/\r?\n/)[Number(number) - 1] ?? ''
  expect(line.replace(/#.*/, '').replace(/\s/g, ''), ours.err).toContain(quoted)
}

/**
 * wg(8) of 2021 leaves preshared keys and keepalives that a file does not name; since 2025 it clears them.
 * @source wireguard-tools, src/setconf.c: sync_conf
 */
async function clearAsSince2025(twins: Twins, conf: ConfText): Promise<void> {
  const words = [
    ...conf.withoutSecret.flatMap((key) => ['peer', key, 'preshared-key', '/dev/null']),
    ...conf.withoutKeepalive.flatMap((key) => ['peer', key, 'persistent-keepalive', '0']),
  ]
  if (words.length === 0) return
  const { status, err } = await runWg(['set', twins.names[0], ...words])
  expect(status, err).toBe(0)
}

async function showsAlike({ twins }: Stage, { traits }: Harness, sizes: Sizes): Promise<void> {
  const [name] = twins.names
  // wireguard-go gives its peers in another order at every read.
  const inOrder = traits.kind === 'linux-kernel'
  await fc.assert(
    fc.asyncProperty(fc.array(setWords(), { minLength: 8, maxLength: 8 }), async (commands) => {
      await twins.reset()
      for (const words of commands) await twins.run(['set', '@device', ...words])
      for (const words of showForms(name)) {
        for (const env of environments) {
          const [theirs, ours] = await Promise.all([runWg(words, { env }), runOurs(words, { env })])
          const shown = (outcome: Outcome) => ({
            ...comparable(outcome),
            out: inOrder ? outcome.out : sortedPeers(outcome.out),
          })
          expect(shown(ours), words.join(' ')).toEqual(shown(theirs))
        }
      }
    }),
    runs(sizes.states, sizes),
  )
}

const environments: Record<string, string>[] = [
  {},
  { WG_COLOR_MODE: 'always', WG_HIDE_KEYS: 'never' },
]

function showForms(name: string): string[][] {
  const targets = [name, 'all', 'no-such-device']
  return [
    [],
    ['show'],
    ['show', 'interfaces'],
    ['show', 'interfaces', 'peers'],
    ...targets.map((target) => ['show', target]),
    ...targets.flatMap((target) => FIELDS.map((field) => ['show', target, field])).filter(isJudged),
    ['show', name, 'no-such-field'],
    ['show', 'all', 'no-such-field'],
    ['show', name, 'peers', 'peers'],
    ['show', '--help'],
    ['show', 'help', 'peers'],
    ['showconf', name],
    ['showconf', 'no-such-device'],
    ['showconf'],
    ['showconf', name, name],
  ]
}

/**
 * wg(8) of 2021 prints the names of devices in the wrong place here; fields.test.ts has what is right.
 * @source wireguard-tools, "show: fix show all endpoints output" of 2023
 */
const isJudged = ([, target, field]: readonly string[]): boolean =>
  yearOfWg > 2021 || !(target === 'all' && field === 'endpoints')

/** A text with its lines, or what belongs to one peer, in an order of their own. */
function sortedPeers(text: string): string[] {
  const blocks = text.includes('\n\n') ? text.split('\n\n') : text.split('\n')
  return blocks.map((block) => block.trimEnd()).sort()
}
