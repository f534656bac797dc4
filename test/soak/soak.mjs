// Mixed calls on a real wireguard-go: node --expose-gc soak.mjs ROUNDS [LEAK]. Prints a sample of what the
// process holds, as a line of JSON, every so often. LEAK plants one: `memory` or `descriptors`.
import { createHash } from 'node:crypto'
import { openSync, readdirSync } from 'node:fs'
import { formatConfig, generatePrivateKey, open, parseConfig, toDeviceConfig } from 'wgctrl'

const [rounds = '100', leak] = process.argv.slice(2)
const SAMPLES = 30

const key = (n) => createHash('sha256').update(`soak ${n}`).digest('base64')
const peersOf = (round) =>
  Array.from({ length: 20 }, (_, n) => ({
    publicKey: key((round + n) % 40),
    persistentKeepalive: round % 100,
    allowedIPs: [`10.0.${(round + n) % 40}.0/24`],
  }))
const text = `[Interface]\nListenPort = 0\n[Peer]\nPublicKey = ${key(1)}\nAllowedIPs = 10.0.1.0/24\n`

/** Calls that fail, in ways that must not hold on to anything. */
const failing = [
  (wg) => wg.device('nosuch'),
  (wg) => wg.configure('wgsoak0', { listenPort: -1 }),
  (wg) => wg.device('wgsoak0', { signal: AbortSignal.abort() }),
  (wg) => wg.device('../x'),
  (wg) => wg.create('wgsoak0'),
  (wg) => {
    const controller = new AbortController()
    const call = wg.configure('wgsoak0', { peers: peersOf(1) }, { signal: controller.signal })
    controller.abort()
    return call
  },
]

async function round(wg, n) {
  const { signal } = new AbortController()
  await wg.configure('wgsoak0', { replacePeers: n % 7 === 0, peers: peersOf(n) }, { signal })
  await Promise.all([wg.device('wgsoak0', { signal }), wg.devices(), wg.names()])
  for await (const peer of wg.peers('wgsoak0', { signal })) if (n % 2 === 0 && peer) break
  await wg.sync('wgsoak0', { peers: peersOf(n + 1) })
  await wg.sync('wgsoak0', { peers: peersOf(n + 1) }, { dryRun: true })
  await failing[n % failing.length](wg).then(
    () => {},
    () => {},
  )
  toDeviceConfig(parseConfig(formatConfig(parseConfig(text))))
  generatePrivateKey().wipe()
  if (n % 50 === 0) await newDevice(wg)
  if (n % 50 === 25) await watchOnce(wg)
}

async function newDevice(wg) {
  await wg.create('wgsoak1')
  await wg.configure('wgsoak1', { privateKey: generatePrivateKey(), peers: peersOf(0) })
  await wg.delete('wgsoak1')
}

async function watchOnce(wg) {
  for await (const _ of wg.watch('wgsoak0', { interval: 10, initial: true })) break
}

const kept = []
const plant = {
  memory: (n) => kept.push(new Array(4096).fill(n)),
  descriptors: () => kept.push(openSync('/dev/null')),
}

const wg = await open({ backends: ['userspace'] })
await wg.create('wgsoak0')
for (let n = 1; n <= Number(rounds); n++) {
  await round(wg, n)
  plant[leak]?.(n)
  if (n % Math.ceil(Number(rounds) / SAMPLES) !== 0) continue
  // What was let go of a moment ago is closed in the turns that follow.
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve, 1))
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  const descriptors = readdirSync('/proc/self/fd').length
  const threads = readdirSync('/proc/self/task').length
  console.log(JSON.stringify({ round: n, memory: heapUsed + external, descriptors, threads }))
}
await wg.delete('wgsoak0')
await wg.close()
