// How much the process grows while peers() streams 100,000 peers, and while device() holds them all.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'wgctrl'

const peers = 100_000
/** @type {Record<string, { limit: number, read: (wg: import('wgctrl').WireGuard) => Promise<number> }>} */
const reads = {
  'peers()': { limit: 40, read: async (wg) => await countPeers(wg) },
  'device()': { limit: 250, read: async (wg) => (await wg.device('wg0')).peers.length },
}

const [only] = process.argv.slice(2)
if (only) await measure(only)
else process.exitCode = (await measureEachInItsOwnProcess()) ? 0 : 1

/** A process of its own for each read: memory that one grew would be there for the next. */
async function measureEachInItsOwnProcess() {
  const directory = mkdtempSync(join(tmpdir(), 'wgctrl-bench-'))
  const server = fileURLToPath(new URL('reply-server.mjs', import.meta.url))
  const path = join(directory, 'wg0.sock')
  const child = spawn(process.execPath, [server, path, String(peers)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  let withinLimits = true
  for (const name of Object.keys(reads)) {
    const self = fileURLToPath(import.meta.url)
    const reader = spawn(process.execPath, [self, name], {
      stdio: 'inherit',
      env: { ...process.env, WGCTRL_BENCH_SOCKETS: directory },
    })
    const [status] = await once(reader, 'exit')
    withinLimits &&= status === 0
  }
  child.stdin.end()
  rmSync(directory, { recursive: true })
  return withinLimits
}

/** @param {string} name */
async function measure(name) {
  const { limit, read } = reads[name] ?? { limit: 0, read: async () => 0 }
  const wg = await open({ backends: ['userspace'], socketDir: process.env.WGCTRL_BENCH_SOCKETS })
  // Code, connection and parser are there before the count begins: a first peer is read.
  for await (const _ of wg.peers('wg0')) break
  writeFileSync('/proc/self/clear_refs', '5')
  const before = peakMemory()
  const count = await read(wg)
  const grown = peakMemory() - before
  const verdict = count === peers && grown < limit ? 'within' : 'NOT WITHIN'
  console.log(`${name} of ${count} peers: ${grown.toFixed(1)} MB of growth, ${verdict} ${limit} MB`)
  if (verdict !== 'within') process.exitCode = 1
  await wg.close()
}

/** @param {import('wgctrl').WireGuard} wg */
async function countPeers(wg) {
  let count = 0
  for await (const _ of wg.peers('wg0')) count++
  return count
}

/** The most memory that was resident since the counter was cleared, in MB. */
function peakMemory() {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) / 1024
}
