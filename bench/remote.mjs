// 100,000 peers through serve() and connect(), beside the same call in process, side by side in one run: how long each
// takes, and how much both sides of the connection grow. Exits with 1 when a limit is not met.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, open, serve } from 'wgctrl'
import { summarize } from './statistics.mjs'

const PEERS = 100_000
const ROUNDS = 5
/** Times of the call in process, and MB on either side. */
const LIMITS = { time: 1.5, growth: 40 }

const [socketDir, path] = process.argv.slice(2)
if (socketDir && path) await beServer(socketDir, path)
else process.exitCode = (await measure()) ? 0 : 1

/** The privileged side, until its standard input ends. */
async function beServer(directory, socket) {
  const wg = await open({ backends: ['userspace'], socketDir: directory })
  const server = await serve(wg, socket, { allow: { secrets: true } })
  console.log('serving')
  await once(process.stdin.resume(), 'end')
  await server.close()
  await wg.close()
}

async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wgctrl-bench-'))
  const socket = join(directory, 'served')
  const fake = fileURLToPath(new URL('reply-server.mjs', import.meta.url))
  const daemon = await started(fake, join(directory, 'wg0.sock'), String(PEERS))
  const server = await started(fileURLToPath(import.meta.url), directory, socket)
  const here = await open({ backends: ['userspace'], socketDir: directory })
  const there = await connect(socket)
  const times = { here: [], there: [] }
  for (const wg of [here, there]) await timeOf(wg)
  const before = [memoryOf(process.pid), memoryOf(server.pid)]
  for (let round = 0; round < ROUNDS; round++) {
    times.here.push(await timeOf(here))
    times.there.push(await timeOf(there))
  }
  const [client, other] = [process.pid, server.pid].map((pid, at) => peakOf(pid) - before[at])
  const ratio = summarize(times.there).median / summarize(times.here).median
  await there.close()
  await here.close()
  for (const child of [server, daemon]) {
    child.stdin.end()
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true })
  const list = (all) => all.map((time) => time.toFixed(0)).join(' ')
  console.log(`peers() of ${PEERS} in process: ${list(times.here)} ms`)
  console.log(`through a connection: ${list(times.there)} ms; medians ${ratio.toFixed(2)} times`)
  console.log(`growth: ${client.toFixed(1)} MB here, ${other.toFixed(1)} MB in the server`)
  return ratio <= LIMITS.time && Math.max(client, other) <= LIMITS.growth
}

async function started(file, ...args) {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

/** Milliseconds. */
async function timeOf(wg) {
  const start = performance.now()
  let count = 0
  for await (const _ of wg.peers('wg0')) count++
  if (count !== PEERS) throw new Error(`${count} peers came`)
  return performance.now() - start
}

/** Resident now, in MB; the peak is counted from here on. */
function memoryOf(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return peakOf(pid)
}

function peakOf(pid) {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}
