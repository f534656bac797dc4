// One storm at one gateway, in this process: gateway.mjs JOB, see storm.mjs. Prints JSON.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clientAt } from '../native/library.mjs'
import { configOf } from '../shapes.mjs'
import { installation, Responder } from './parts.mjs'

/** @type {import('./storm.mjs').Job} */
const {
  root,
  kind,
  residents,
  clients: count,
  duration,
  answer,
  rehearsed,
} = JSON.parse(process.argv[2] ?? '')
const device = 'wgstorm'
const port = 51_820
const schedule = Buffer.alloc(100)
let scheduleFile = 0
const patient = { timeout: Number.POSITIVE_INFINITY }

const wg = await clientAt(root, kind)
await wg.create(device)
const { generatePrivateKey, publicKey } = await import(`${root}/packages/types/dist/index.js`)
const privateKey = generatePrivateKey()
const settled = configOf({ peers: residents, allowedIPs: 2 }).peers.map(
  ({ endpoint: _, ...peer }) => peer,
)
await wg.configure(device, { privateKey, listenPort: port, peers: settled }, patient)
execFileSync('ip', ['link', 'set', device, 'up'])
if (rehearsed) {
  const earlier = await startClients(publicKey(privateKey))
  await measureStorm(earlier)
  await remove(earlier)
}
const clients = await startClients(publicKey(privateKey))
const floor = await measureFloor(clients)
const storm = await measureStorm(clients)
console.log(JSON.stringify({ floor, storm }))
await wg.delete(device)
await wg.close()
process.exit()

async function startClients(gateway) {
  const program = fileURLToPath(new URL('clients.mjs', import.meta.url))
  const args = [
    program,
    gateway,
    `${port}`,
    `${count}`,
    `${duration}`,
    ...(answer ? ['answer'] : []),
  ]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value)
  const told = await next()
  return {
    list: told.map((one, at) => ({ ...one, allowedIPs: [`10.200.${at >> 8}.${at & 255}/32`], at })),
    go: async () => {
      child.stdin.write('go\n')
      return await next()
    },
    end: async () => {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

/** The same packets decoded in a loop, and the same peers written by one `configure()`. */
async function measureFloor(clients) {
  const responder = new Responder(privateKey)
  const packets = clients.list.map(({ initiation }) => Buffer.from(initiation, 'base64'))
  for (const packet of packets.slice(0, 200)) responder.open(packet)
  const begun = performance.now()
  for (const packet of packets) {
    if (!responder.hasMac1(packet) || !responder.open(packet)) throw new Error('no initiation')
  }
  const decoded = performance.now()
  const peers = clients.list.flatMap(({ publicKey: key, allowedIPs, at }) => [
    installation(
      key,
      { address: `127.2.${at >> 8}.${at & 255}`, port: 9, family: 4 },
      { allowedIPs, persistentKeepalive: 65_535 },
      false,
    ),
    { publicKey: key, updateOnly: true, persistentKeepalive: 0 },
  ])
  await wg.configure(device, { peers }, patient)
  const written = performance.now()
  await remove(clients)
  return { decode: decoded - begun, write: written - decoded }
}

async function remove({ list }) {
  const peers = list.map(({ publicKey: key }) => ({ publicKey: key, remove: true }))
  await wg.configure(device, { peers }, patient)
}

async function measureStorm(clients) {
  const found = new Map(clients.list.map(({ publicKey: key, allowedIPs }) => [key, { allowedIPs }]))
  let [installed, last] = [0, 0n]
  let all = () => {}
  const isOver = new Promise((resolve) => {
    all = resolve
  })
  const gate = await wg.justInTime(device, {
    lookup: (key) => found.get(key),
    onEvent: ({ type }) => {
      if (type !== 'installed') return
      last = process.hrtime.bigint()
      if (++installed === count) all()
    },
  })
  // What it does all the time, storm or none.
  await sleep(2000)
  const usual = process.cpuUsage()
  await sleep(3000)
  const idle = spent(usual) / 3000
  globalThis.gc?.()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const turns = watchTurns()
  delay.enable()
  const begun = performance.now()
  const usage = process.cpuUsage()
  const { began, ended } = await clients.go()
  await isOver
  const processor = spent(usage)
  const wall = performance.now() - begun
  // Those whose handshakes did not come about are put in anew.
  await sleep(2000)
  const settled = spent(usage)
  const settledWall = performance.now() - begun
  delay.disable()
  const { most: turn, unqueued } = turns.stop()
  const { counters, handshakeCounters } = gate
  const handshakes = (await wg.device(device)).peers.filter((peer) => peer.lastHandshake).length
  await gate.close()
  await clients.end()
  return {
    sending: Number(BigInt(ended) - BigInt(began)) / 1e6,
    time: Number(last - BigInt(began)) / 1e6,
    behind: Number(last - BigInt(ended)) / 1e6,
    processor: processor / count,
    settled: settled / count,
    idle: { share: idle, storm: (idle * wall) / count, settled: (idle * settledWall) / count },
    latest: delay.max / 1e6,
    late99: delay.percentile(99) / 1e6,
    turn,
    unqueued,
    handshakes,
    counters,
    handshakeCounters,
  }
}

/** Milliseconds on the processor since then. */
function spent(since) {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

/**
 * From one turn of a timer to the next, at most, in milliseconds: for how long the main thread ran, which has nothing in it of
 * what the machine did meanwhile, and how long it took but for the time in which it waited for a processor.
 */
function watchTurns() {
  let [most, unqueued] = [0, 0]
  let [before, ran, queued] = [performance.now(), ...processorTimes()]
  const timer = setInterval(() => {
    const now = performance.now()
    const [ranNow, queuedNow] = processorTimes()
    most = Math.max(most, ranNow - ran)
    unqueued = Math.max(unqueued, now - before - (queuedNow - queued))
    ;[before, ran, queued] = [now, ranNow, queuedNow]
  }, 2)
  return {
    stop: () => {
      clearInterval(timer)
      return { most, unqueued }
    },
  }
}

/**
 * Milliseconds that the main thread has run, and that it was ready to run and had no processor.
 *
 * @source proc(5), schedstat: nanoseconds of both come first
 */
function processorTimes() {
  scheduleFile ||= openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
  const length = readSync(scheduleFile, schedule, 0, schedule.length, 0)
  const [ran, queued] = schedule.latin1Slice(0, length).split(' ')
  return [Number(ran) / 1e6, Number(queued) / 1e6]
}
