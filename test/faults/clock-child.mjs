// Watches, waits and lets peers in while its clock is stepped: node clock-child.mjs BACKEND GATE CLIENT WHOSE. Its parent
// steps the clock when asked to. GATE and CLIENT are devices that do not exist yet; CLIENT connects to GATE with
// a new key behind each step. WHOSE clock it is: `own`, or that of `all`, the devices included.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Rtnl } from '@wgctrl/netlink'
import { generatePrivateKey, open, publicKey, UserspaceBackend } from 'wgctrl'

const [backend, gate, client, whose] = process.argv.slice(2)
const HOUR = 3600
/** Milliseconds. */
const IDLE = 4000
/** Milliseconds: far more than anything here takes, far less than a step. */
const LONG = 60_000
const origin = performance.timeOrigin

/** Seconds that the clock is ahead of where it would be. */
const ahead = () => Math.round((Date.now() - origin - performance.now()) / 1000)

async function step(seconds) {
  const done = new Promise((resolve) => process.once('message', resolve))
  process.send({ step: seconds })
  await done
  assert.ok(Math.abs(ahead() - seconds) < 30, `the clock is ${ahead()} s ahead, not ${seconds}`)
}

async function until(what, condition) {
  const start = performance.now()
  for (;;) {
    const value = await condition()
    if (value) return value
    assert.ok(performance.now() - start < LONG, `in vain: ${what}`)
    await sleep(20)
  }
}

/** Each number of an event is one, and none is below zero. */
function checkNumbers(value) {
  for (const [name, each] of Object.entries(value)) {
    if (typeof each === 'number') assert.ok(each >= 0 && Number.isFinite(each), `${name}: ${each}`)
    if (typeof each === 'bigint') assert.ok(each >= 0n, `${name}: ${each}`)
    if (each instanceof Date) assert.ok(Number.isFinite(each.getTime()), `${name}: ${each}`)
  }
}

const wg = await open({ backends: [backend] })
const rtnl = await Rtnl.open()
const gateKey = generatePrivateKey()
await wg.create(gate)
await wg.create(client)
await wg.configure(gate, { privateKey: gateKey, listenPort: 0 })
for (const name of [gate, client]) await rtnl.changeLink(name, { up: true })
const { listenPort } = await wg.device(gate)

const events = []
const watching = (async () => {
  for await (const event of wg.watch(gate, { interval: 100 })) {
    events.push(event)
    checkNumbers(event)
  }
})()
const told = []
const jit = await wg.justInTime(gate, {
  idle: IDLE,
  interval: 200,
  lookup: () => ({ allowedIPs: ['10.9.0.1/32'] }),
  onEvent: (event) => told.push({ ...event, at: performance.now() }),
})
const handshakes = wg.handshakes(gate)
const initiations = []
const listening = (async () => {
  for await (const initiation of handshakes) initiations.push(initiation.publicKey)
})()

/** The client becomes another one, whom the gate does not know, and connects. */
async function connect() {
  const privateKey = generatePrivateKey()
  const key = publicKey(privateKey)
  await wg.configure(client, {
    privateKey,
    replacePeers: true,
    peers: [
      {
        publicKey: publicKey(gateKey),
        endpoint: `127.0.0.1:${listenPort}`,
        persistentKeepalive: 1,
        allowedIPs: ['10.9.0.2/32'],
      },
    ],
  })
  await until('installed', () => told.find((e) => e.type === 'installed' && e.publicKey === key))
  await until('heard', () => initiations.includes(key))
  await until('handshake', async () => {
    const { peers } = await wg.device(gate)
    return peers.find((peer) => peer.publicKey === key)?.lastHandshake
  })
  return key
}

/** Devices of which one says nothing. */
async function silentDevice() {
  const socketDir = mkdtempSync(join(tmpdir(), 'wgctrl-clock-'))
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise((resolve) => server.listen(join(socketDir, 'silent.sock'), resolve))
  const close = () => {
    server.close()
    rmSync(socketDir, { recursive: true })
  }
  return { device: new UserspaceBackend({ socketDir }), close }
}

/** A call that takes as long as it may, a step in its midst. */
async function timedOut(silent, seconds) {
  const started = performance.now()
  const outcome = silent.device.device('silent', { timeout: 1000 }).then(
    () => assert.fail('the silent device answered'),
    (error) => [error.code, performance.now() - started],
  )
  await sleep(300)
  await step(seconds)
  const [code, took] = await outcome
  assert.equal(code, 'ETIMEDOUT')
  assert.ok(took > 950 && took < LONG, `it took ${took} ms`)
}

const silent = await silentDevice()
let now = await connect()
let steps = 0
let secondsBefore = 0
for (const seconds of [HOUR, -HOUR, 0]) {
  const before = now
  now = await connect()
  const connected = performance.now()
  // The watcher may come between the peer and its handshake, and find that of another time than the clock's.
  await until('seen with its handshake', () =>
    events.some(
      (e) =>
        e.publicKey === now &&
        (e.type === 'peer-handshake' || (e.type === 'peer-added' && e.peer.lastHandshake)),
    ),
  )
  // Nobody watches the client: a reading is read for who asks for it.
  const reading = await wg.device(client, { maxAge: LONG })
  const atStep = events.length
  await timedOut(silent, seconds)
  const same = await wg.device(client, { maxAge: LONG })
  assert.equal(same.peers[0], reading.peers[0], 'a reading is not of another age for the clock')
  await sleep(60)
  const fresh = await wg.device(client, { maxAge: 50 })
  assert.notEqual(fresh.peers[0], reading.peers[0], 'nor does it get younger')

  const transfer = await until('transfer', () =>
    events
      .slice(atStep)
      .find((e) => e.type === 'peer-transfer' && e.publicKey === now && e.received),
  )
  assert.ok(transfer.duration > 0 && transfer.duration < LONG, `${transfer.duration} ms`)
  assert.ok(transfer.receiveRate > 0)
  const left = await until('evicted', () =>
    told.find((e) => e.type === 'evicted' && e.publicKey === before),
  )
  assert.equal(left.reason, 'idle')
  assert.ok(left.idle > IDLE && left.idle < LONG, `idle for ${left.idle} ms`)
  assert.ok(left.at - connected < LONG)
  // Who is heard from stays, though its handshake is an hour old by the clock, or yet to come.
  await sleep(IDLE + 1000)
  assert.ok(!told.some((e) => e.type === 'evicted' && e.publicKey === now), 'an active peer left')
  const isStale = events.slice(atStep).some((e) => e.type === 'peer-stale' && e.publicKey === now)
  const age = seconds - (whose === 'all' ? secondsBefore : 0)
  assert.equal(isStale, age === HOUR, `staleness goes by the time of day: ${age} s`)
  secondsBefore = seconds
  steps++
}
await jit.close()
// Nor does it matter to a gateway that begins behind a step what the clock was at the handshakes before.
for (const seconds of [HOUR, -HOUR, 0]) {
  await step(seconds)
  const later = []
  const onEvent = (event) => later.push(event)
  const again = await wg.justInTime(gate, {
    idle: IDLE,
    interval: 200,
    lookup: () => null,
    onEvent,
  })
  await sleep(IDLE + 1000)
  assert.deepEqual([again.size, later], [1, []], 'an active peer left')
  await again.close()
}
assert.deepEqual(
  told.filter((e) => e.type === 'failed'),
  [],
)
await handshakes.return()
await listening
silent.close()
for (const name of [gate, client]) await wg.delete(name)
await rtnl.close()
await wg.close()
await watching
process.send({ steps, events: events.length })
process.disconnect()
