import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { open, type WireGuard, WireGuardError } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { type Done, explain } from './order.js'

const program = fileURLToPath(new URL('turns.mjs', import.meta.url))

/** The tier `turns` asks for ten minutes. */
const seconds = Number(process.env['WGCTRL_TURNS_SECONDS'] ?? 20)

const NAMES = ['wgturn0', 'wgturn1']
const KINDS = ['up', 'down', 'sync', 'reconcile', 'configure'] as const
const KEYS = Array.from({ length: 6 }, (_, n) =>
  createHash('sha256').update(`turns ${n}`).digest('base64'),
)

/** A generator whose numbers can be had again: the seed is told with a failure. */
function randomBy(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function newCall(random: () => number) {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const peers = KEYS.filter(() => random() < 0.4)
  return { kind: pick(KINDS), name: pick(NAMES), peers, delay: Math.floor(random() * 30) }
}

async function startProcess(): Promise<ChildProcess> {
  const child = fork(program, ['userspace'], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return child
}

async function makeCalls(child: ChildProcess, calls: object[]): Promise<Done[]> {
  child.send(calls)
  const [done] = await once(child, 'message')
  return done as Done[]
}

async function stateOf(wg: WireGuard, name: string): Promise<string[] | undefined> {
  try {
    return (await wg.device(name)).peers.map(({ publicKey }) => publicKey)
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ENODEV') return undefined
    throw error
  }
}

const call = (kind: Done['kind'], start: number, end: number, ...peers: string[]): Done => ({
  kind,
  name: 'wg0',
  peers,
  start,
  end,
})

it('a call that says what is not so is noticed', () => {
  const two = [call('sync', 0, 2, 'a', 'b'), call('sync', 1, 3, 'a')]
  expect(explain(['x'], two, ['a'])).toHaveLength(2)
  expect(explain(['x'], two, ['a', 'b'])).toHaveLength(2)
  expect(explain(['x'], two, ['a', 'x']), 'a mixture of both').toBeUndefined()
  const later = [call('sync', 0, 1, 'a', 'b'), call('sync', 2, 3, 'a')]
  expect(explain(['x'], later, ['a', 'b']), 'the first after the second').toBeUndefined()
  expect(explain(['x'], [call('down', 0, 1)], ['x']), 'a device that stays').toBeUndefined()
  const lost = [call('configure', 0, 2, 'b'), call('sync', 3, 4, 'a'), call('configure', 3, 5, 'c')]
  expect(explain(['x'], lost, ['a']), 'c before, b after').toHaveLength(3)
  expect(explain(['x'], lost, ['a', 'b']), 'b was over before').toBeUndefined()
  expect(explain(undefined, [call('up', 0, 1, 'a'), call('up', 0, 1, 'b')], ['a'])).toBeUndefined()
})

it('three processes work on the same two interfaces: each round is explained by an order of the calls', async () => {
  await isolate()
  const wg = await open({ backends: ['userspace'] })
  const children = await Promise.all([1, 2, 3].map(startProcess))
  const seed = Math.floor(Math.random() * 2 ** 32)
  const random = randomBy(seed)
  const states = new Map<string, string[] | undefined>()
  const counts = new Map<string, number>()
  const started = performance.now()
  let rounds = 0
  // Else nothing was shown: on a slow machine that takes more than the time.
  const wasDone = (kind: (typeof KINDS)[number]): boolean => counts.has(`${kind} done`)
  for (; performance.now() - started < seconds * 1000 || !KINDS.every(wasDone); rounds++) {
    const plans = children.map(() => Array.from({ length: 3 }, () => newCall(random)))
    const done = await Promise.all(children.map((child, at) => makeCalls(child, plans[at] ?? [])))
    for (const name of NAMES) {
      const calls = done.flat().filter((call) => call.name === name)
      const after = await stateOf(wg, name)
      const order = explain(states.get(name), calls, after)
      const round = { seed, rounds, name, before: states.get(name), calls, after }
      expect(order, JSON.stringify(round, undefined, 1)).toBeDefined()
      states.set(name, after)
    }
    for (const { kind, error } of done.flat()) {
      const what = `${kind} ${error?.code ?? 'done'}`
      counts.set(what, (counts.get(what) ?? 0) + 1)
    }
  }
  for (const name of NAMES) if (states.get(name)) await wg.down(name)
  for (const child of children) child.send('end')
  await wg.close()
  console.log(`${rounds} rounds:`, Object.fromEntries([...counts].sort()))
})
