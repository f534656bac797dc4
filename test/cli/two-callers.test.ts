import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatePrivateKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { expect, it, onTestFinished } from 'vitest'
import { parseConfig } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { temporaryFolder, WGCTRL, wgctrl } from './program.js'

const caller = fileURLToPath(new URL('caller.mjs', import.meta.url))

/** The tier `callers` asks for a hundred. */
const rounds = Number(process.env['WGCTRL_CALLER_ROUNDS'] ?? 6)

const FLOWS = ['add', 'remove', 'disable', 'enable', 'save', 'reload'] as const
const COMMANDS = ['save', 'reload', 'ensure', 'new client', 'remove client'].map(
  (words) => `wgctrl ${words}`,
)
const KINDS: readonly string[] = [...FLOWS, ...COMMANDS]

interface Flow {
  readonly kind: string
  readonly number: number
  readonly delay: number
  /** Clients that commands made. */
  readonly others: readonly string[]
}

interface Done extends Flow {
  /** Absent: 0. */
  readonly status?: number
  readonly err?: string
  readonly added?: string
  readonly removed?: string
}

/** A generator whose numbers can be had again: the seed is told with a failure. */
function randomBy(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

async function startCaller(file: string, database: string): Promise<ChildProcess> {
  const child = fork(caller, [file, database, WGCTRL], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('a caller ended'))),
  ])
  return child
}

async function runFlows(child: ChildProcess, flows: readonly Flow[]): Promise<Done[]> {
  child.send(flows)
  const [done] = await once(child, 'message')
  return done as Done[]
}

it('two callers with all flows of a panel at once: device, file and database agree after each round', async () => {
  await isolate()
  const folder = await temporaryFolder()
  const [file, database] = [join(folder, 'wgcallers.conf'), join(folder, 'clients.json')]
  const key = generatePrivateKey().toBase64()
  const text = `# Of both\n[Interface]\nPrivateKey = ${key}\nListenPort = 4711\nAddress = 10.81.0.1/16\n`
  await writeFile(file, text, { mode: 0o600 })
  await writeFile(database, '{}')
  expect((await wgctrl('up', file, '-q')).status).toBe(0)
  await using backend = new UserspaceBackend()
  const callers = await Promise.all([startCaller(file, database), startCaller(file, database)])
  const seed = Math.floor(Math.random() * 2 ** 32)
  const random = randomBy(seed)
  const others = new Set<string>()
  const seen = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    const plans = callers.map((_, at) =>
      Array.from({ length: 4 }, (_, place) => ({
        // Each kind in its turn, and beside another one each time.
        kind: KINDS[(round * 4 + place + at * (round + 5)) % KINDS.length] ?? 'save',
        number: Math.floor(random() * 1000),
        delay: Math.floor(random() * 30),
        others: [...others],
      })),
    )
    const done = (
      await Promise.all(callers.map((child, at) => runFlows(child, plans[at] ?? [])))
    ).flat()
    const told = JSON.stringify({ seed, round, done }, undefined, 1)
    expect(
      done.filter(({ status = 0 }) => status !== 0),
      told,
    ).toEqual([])
    for (const { kind, added, removed } of done) {
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
      if (added !== undefined) others.add(added)
      if (removed !== undefined) others.delete(removed)
    }
    const clients = JSON.parse(await readFile(database, 'utf8')) as Record<string, Client>
    const enabled = Object.keys(clients).filter((one) => clients[one]?.isEnabled)
    const wanted = [...enabled, ...others].sort()
    const config = parseConfig(await readFile(file, 'utf8'))
    const device = await backend.device('wgcallers')
    expect(config.peers.map((peer) => peer.publicKey).sort(), told).toEqual(wanted)
    expect(device.peers.map((peer) => peer.publicKey).sort(), told).toEqual(wanted)
    for (const { publicKey, allowedIPs } of device.peers) {
      expect(config.peer(publicKey)?.allowedIPs.toSorted(), told).toEqual(allowedIPs.toSorted())
    }
    const networks = device.peers.flatMap(({ allowedIPs }) => allowedIPs)
    expect(new Set(networks).size, told).toBe(networks.length)
  }
  for (const child of callers) child.send('end')
  expect((await wgctrl('down', file, '-q')).status).toBe(0)
  expect([...seen.keys()].sort()).toEqual(KINDS.toSorted())
})

interface Client {
  readonly isEnabled: boolean
}
