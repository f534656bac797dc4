import { checkConfig, wipeConfig } from './codecs.mjs'
import { runProgram, runUnheard } from './program.mjs'

/** @typedef {import('./interleave.mjs').Contender} Contender */

/**
 * @typedef {object} Context
 * @property {any} backend a module of `backends/`
 * @property {import('wgctrl').WireGuard} wg
 * @property {ReturnType<typeof import('./shapes.mjs').configOf>} config
 * @property {string} file the same for `wg setconf`
 * @property {string} device that has this config
 * @property {import('./shapes.mjs').Shape} shape
 */

/** Devices are slow to be told 100,000 peers; a measurement waits. */
const patient = { timeout: Number.POSITIVE_INFINITY }

/** How many peers `sync` finds to be changed. */
const CHANGED_PEERS = 10

/**
 * Everything that reads a device.
 *
 * @param {Context} context
 */
export async function readers({ backend, wg, config, device, shape }) {
  const bare = await backend.bareReader(device)
  const recorded = await record(bare)
  /** @type {Contender[]} */
  const list = [
    { name: 'device()', run: async () => check((await wg.device(device)).peers.length) },
    { name: 'peers()', run: async () => check(await countPeers(wg, device)) },
    { name: 'bare read', run: () => bare.read() },
    {
      name: 'codec',
      run: () => check(backend.decodeRecorded(recorded.map((c) => Buffer.from(c)))),
    },
    { name: 'wg show dump', run: () => runProgram('wg', ['show', device, 'dump']) },
    { name: 'wg show dump > /dev/null', run: () => runUnheard('wg', ['show', device, 'dump']) },
  ]
  if ('sync' in wg) list.push(syncContender(wg, device, config))
  /** @param {number} count */
  function check(count) {
    if (count !== shape.peers) throw new Error(`${count} peers were read, not ${shape.peers}`)
  }
  return { list, close: () => bare.close() }
}

/**
 * Everything that writes a device.
 *
 * @param {Context} context
 */
export function writers({ backend, wg, config, file }) {
  /** @type {string[]} */
  const made = []
  const prepare = async () => {
    const name = `write${backend.nextDevice()}`
    await wg.create(name)
    made.push(name)
  }
  const device = () => made.at(-1) ?? ''
  /** @type {Contender[]} */
  const list = [
    { name: 'configure()', prepare, run: () => wg.configure(device(), config, patient) },
    { name: 'wg setconf', prepare, run: () => runProgram('wg', ['setconf', device(), file]) },
    { name: 'check and codec', run: () => encodeAll(backend, config) },
  ]
  return {
    list,
    close: async () => {
      for (const name of made) await backend.discard(wg, name)
    },
  }
}

/**
 * The device has the config already, but for a few peers.
 *
 * @param {any} wg
 * @param {string} device
 * @param {Context['config']} config
 */
function syncContender(wg, device, config) {
  let keepalive = 1
  return {
    name: 'sync()',
    run: async () => {
      keepalive = (keepalive % 100) + 1
      const peers = config.peers.map((peer, index) =>
        index < CHANGED_PEERS ? { ...peer, persistentKeepalive: keepalive } : peer,
      )
      await wg.sync(device, { peers }, patient)
    },
  }
}

async function record(bare) {
  /** @type {Buffer[]} */
  const chunks = []
  await bare.readInto((/** @type {Buffer} */ chunk) => chunks.push(Buffer.from(chunk)))
  return chunks
}

/**
 * @param {import('wgctrl').WireGuard} wg
 * @param {string} device
 */
async function countPeers(wg, device) {
  let count = 0
  for await (const _ of wg.peers(device)) count++
  return count
}

/**
 * @param {any} backend
 * @param {Context['config']} config
 */
function encodeAll(backend, config) {
  const checked = checkConfig(config)
  let bytes = 0
  for (const chunk of backend.encode(checked)) bytes += chunk.length
  wipeConfig(checked)
  return bytes
}
