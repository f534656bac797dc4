// What a process of its own goes through while it does one thing with a device: how much it grows, and
// for how long its event loop stands still. Run by itself it is that process.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { loadBackend } from './backends/index.mjs'
import { clientAt } from './native/library.mjs'
import { configOf } from './shapes.mjs'

const self = fileURLToPath(import.meta.url)
const patient = { timeout: Number.POSITIVE_INFINITY }

/** How often the event loop is watched during one thing: the machine's own pauses are not in all. */
const REPEATS = 3

/** @type {Record<string, (wg: import('wgctrl').WireGuard, device: string, config: any) => Promise<unknown>>} */
const actions = {
  'device()': (wg, device) => wg.device(device),
  'peers()': async (wg, device) => {
    for await (const _ of wg.peers(device));
  },
  'configure()': (wg, device, config) => wg.configure(device, config, patient),
}

if (process.argv[1] === self) await main()

/** Peak growth in MB, by action. */
export function measureMemory(kind, device, shape) {
  return inProcesses('memory', kind, device, shape)
}

/** Milliseconds of the longest stretches, by action. */
export function measureLoop(kind, device, shape) {
  return inProcesses('loop', kind, device, shape)
}

/** A process of its own for each: memory that one action grew would be there for the next. */
async function inProcesses(what, kind, device, { peers, allowedIPs }) {
  const results = {}
  for (const action of Object.keys(actions)) {
    const args = [self, what, kind, device, String(peers), String(allowedIPs), action]
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...args])
    results[action] = JSON.parse(stdout)
  }
  return results
}

async function main() {
  // Of another checkout's build where its root stands last.
  const [what, kind, device = '', peers, allowedIPs, name = '', root] = process.argv.slice(2)
  const wg = root ? await clientAt(root, kind) : await (await loadBackend(kind)).openClient()
  const shape = { peers: Number(peers), allowedIPs: Number(allowedIPs) }
  // Peers that are there are set again: nothing is removed.
  const config =
    name === 'configure()' ? { ...configOf(shape), replacePeers: false } : { peers: [] }
  const act = () => actions[name]?.(wg, device, config)
  // Code and connection are there before the count begins: a first peer is read.
  for await (const _ of wg.peers(device)) break
  await wg.configure(device, { peers: config.peers.slice(0, 1) })
  globalThis.gc?.()
  console.log(JSON.stringify(what === 'memory' ? await growth(act) : await stretches(act)))
  await wg.close()
}

async function growth(act) {
  writeFileSync('/proc/self/clear_refs', '5')
  const before = peakMemory()
  const result = await act()
  const grown = peakMemory() - before
  return result === null ? 0 : Math.max(0, grown)
}

/** The most memory that was resident since the counter was cleared, in MB. */
function peakMemory() {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** The longest stretches of each repeat, and those while nothing was done, which are the machine's. */
async function stretches(act) {
  const idle = await longest(() => sleep(2000))
  const repeats = []
  for (let repeat = 0; repeat < REPEATS; repeat++) repeats.push(await longest(act))
  return { idle, repeats }
}

/**
 * How long the event loop stood still. `delay` is what a timer sees, and holds the pauses in which the
 * machine ran something else; `work` is the time on the processor that this thread took in one turn.
 */
async function longest(act) {
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  await sleep(20)
  monitor.enable()
  const work = watchTurns()
  await act()
  const most = work.stop()
  monitor.disable()
  return { delay: monitor.max / 1e6, work: most }
}

function watchTurns() {
  let most = 0
  let before = processorTime()
  let next = setImmediate(turn)
  function turn() {
    const now = processorTime()
    most = Math.max(most, now - before)
    before = now
    next = setImmediate(turn)
  }
  const stop = () => {
    clearImmediate(next)
    return most
  }
  return { stop }
}

/** Milliseconds that the main thread has run. @source proc(5), schedstat: nanoseconds come first */
function processorTime() {
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1')
  return Number(text.slice(0, text.indexOf(' '))) / 1e6
}
