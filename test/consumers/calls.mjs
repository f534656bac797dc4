// The calls that every runtime has to carry out alike, on devices of one kind. As a program, in a project that has
// the packages: calls.mjs <options as JSON> prints one line of JSON for each. `missing` is a kind of device that this
// machine lacks, `lacks` is what the runtime cannot do: that has to be refused with its reason.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/**
 * @typedef {{ kind: string, missing?: string, lacks: string[] }} Place
 * @typedef {Place & { wg: any, lib: any, netlink: any }} World
 */

const A = 'wgcalls0'
const B = 'wgcalls1'

/** Why a runtime refuses whatever reads handshakes. */
const NO_CIPHER = /this runtime's node:crypto has no chacha20-poly1305/

/** The titles, in order, each with what is done; one may need what those before it did. */
export const calls = /** @type {Record<string, (world: World) => Promise<void>>} */ ({
  'open() finds the backends': async ({ wg, kind, missing }) => {
    const found = Object.fromEntries(
      wg.backends.map((/** @type {any} */ each) => [each.kind, each]),
    )
    assert.equal(found[kind].available, true)
    if (missing === undefined) return
    const { reason } = found[missing]
    assert.equal(reason.code, 'ENOBACKEND')
    assert.match(reason.message, /no WireGuard/)
  },

  'names() and devices() of a machine without any': async ({ wg, kind }) => {
    assert.deepEqual(await wg.names({ backend: kind }), [])
    const devices = await wg.devices()
    assert.deepEqual([[...devices], devices.errors], [[], []])
  },

  'create() makes a device, and refuses one that is there': async ({ wg, kind, lib }) => {
    await wg.create(A, { backend: kind })
    assert.deepEqual(await wg.names(), [A])
    await refused(lib, wg.create(A, { backend: kind }), 'EEXIST')
  },

  'configure() and device()': async ({ wg, lib }) => {
    const privateKey = lib.generatePrivateKey()
    await wg.configure(A, { privateKey, listenPort: 0, firewallMark: 7, peers: peersOf(3) })
    const device = await wg.device(A)
    assert.equal(device.publicKey, lib.publicKey(privateKey))
    assert.equal(device.firewallMark, 7)
    assert.equal(device.peers.length, 3)
    assert.deepEqual(device.peers.flatMap((/** @type {any} */ peer) => peer.allowedIPs).sort(), [
      '10.0.0.0/32',
      '10.0.1.0/32',
      '10.0.2.0/32',
    ])
    assert.equal((await wg.device(A, { maxAge: 60_000 })).peers.length, 3)
  },

  'peers() streams two thousand': async ({ wg }) => {
    await wg.configure(A, { replacePeers: true, peers: peersOf(2000) })
    const keys = new Set()
    for await (const peer of wg.peers(A)) keys.add(peer.publicKey)
    assert.equal(keys.size, 2000)
    for await (const peer of wg.peers(A)) {
      assert.ok(keys.has(peer.publicKey))
      break
    }
  },

  'sync() makes the least change': async ({ wg }) => {
    const [first, ...others] = peersOf(3)
    await wg.configure(A, { replacePeers: true, peers: [first, ...others] })
    const desired = { peers: [{ ...first, persistentKeepalive: 25 }, ...others] }
    const changes = await wg.sync(A, desired)
    assert.equal(changes.length, 1)
    assert.deepEqual(await wg.sync(A, desired), [])
    const { peers } = await wg.device(A)
    assert.equal(
      peers.find((/** @type {any} */ peer) => peer.publicKey === first?.publicKey)
        .persistentKeepalive,
      25,
    )
  },

  'watch() tells of a peer that comes': async ({ wg }) => {
    const [peer] = peersOf(1)
    const events = wg.watch(A, { interval: 100, initial: true })
    let added
    for await (const event of events) {
      if (event.type === 'device-added') await wg.configure(A, { peers: [peer] })
      if (event.type !== 'peer-added' || event.publicKey !== peer?.publicKey) continue
      added = event
      break
    }
    assert.equal(added.device, A)
  },

  'two devices shake hands, and handshakes() hears it': async ({ wg, kind, lib, lacks }) => {
    await wg.create(B, { backend: kind })
    const [one, other] = [lib.generatePrivateKey(), lib.generatePrivateKey()]
    await wg.configure(A, { privateKey: one, listenPort: 20_001, replacePeers: true })
    await wg.configure(B, { privateKey: other, listenPort: 20_002 })
    await up(A)
    await up(B)
    const key = lib.publicKey(other)
    await wg.configure(A, { peers: [{ publicKey: key, allowedIPs: ['10.9.0.2/32'] }] })
    const heard = wg.handshakes(A)
    const isRefused = lacks.includes('handshakes')
    if (isRefused) await refused(lib, heard.start(), 'EUNSUPPORTED', NO_CIPHER)
    else await heard.start()
    const peer = { publicKey: lib.publicKey(one), endpoint: '127.0.0.1:20001' }
    await wg.configure(B, { peers: [{ ...peer, persistentKeepalive: 1 }] })
    if (!isRefused) assert.equal((await heard.next()).value.publicKey, key)
    await heard.return()
    await until(async () => (await wg.device(A)).peers[0].lastHandshake !== undefined)
  },

  'justInTime() lets in who is known': async ({ wg, lib, lacks }) => {
    const [gateway, client] = [await wg.device(A), await wg.device(B)]
    await wg.configure(A, { replacePeers: true })
    const known = { allowedIPs: ['10.9.0.2/32'] }
    const lookup = (/** @type {string} */ key) => (key === client.publicKey ? known : undefined)
    const opening = wg.justInTime(A, { lookup })
    if (lacks.includes('handshakes')) return await refused(lib, opening, 'EUNSUPPORTED', NO_CIPHER)
    const gate = await opening
    const peer = { publicKey: gateway.publicKey, endpoint: '127.0.0.1:20001' }
    await wg.configure(B, { replacePeers: true, peers: [{ ...peer, persistentKeepalive: 1 }] })
    await until(async () => (await wg.device(A)).peers[0]?.lastHandshake !== undefined)
    assert.ok(gate.has(client.publicKey))
    await gate.close()
  },

  'up() and down()': async ({ wg, kind, lib }) => {
    const name = 'wgcalls2'
    const config = { name, privateKey: lib.generatePrivateKey(), addresses: ['10.8.0.1/24'] }
    await wg.up({ ...config, peers: peersOf(2) }, { backend: kind })
    assert.equal((await wg.device(name)).peers.length, 2)
    await wg.down(name)
    assert.ok(!(await wg.names()).includes(name))
  },

  'values can be cloned and written as JSON': async ({ wg }) => {
    const device = await wg.device(A)
    assert.equal(JSON.parse(JSON.stringify(device)).name, A)
    assert.equal(JSON.parse(JSON.stringify(device)).privateKey, '(hidden)')
    assert.deepEqual(structuredClone(device.peers), device.peers)
    assert.ok(!String(device.privateKey).includes(device.privateKey.toBase64()))
  },

  'errors are WireGuardErrors with their code': async ({ wg, lib }) => {
    await refused(lib, wg.device('wgnone'), 'ENODEV')
    await refused(lib, wg.delete('wgnone'), 'ENODEV')
    await refused(lib, wg.configure(A, { listenPort: 65_536 }), 'EINVAL')
    await refused(lib, wg.device('a/b'), 'EINVAL')
    await refused(lib, wg.create('wgnone', { netns: 'wgnone' }), 'ENOENT')
    await refused(lib, lib.open({ backends: ['none'] }), 'EINVAL')
    const error = await wg.device('wgnone').catch(itself)
    assert.equal(error.toJSON().code, 'ENODEV')
    assert.equal(structuredClone(error).message, error.message)
  },

  'signals and timeouts end calls': async ({ wg, lib }) => {
    const reason = new Error('enough')
    const aborted = await wg.device(A, { signal: AbortSignal.abort(reason) }).catch(itself)
    assert.equal(aborted.name, 'AbortError')
    assert.equal(aborted.cause, reason)
    const signal = AbortSignal.timeout(100)
    const watching = (async () => {
      for await (const _ of wg.watch(A, { signal, interval: 10_000 }));
    })()
    assert.equal(/** @type {any} */ (await watching.catch(itself))?.name, 'AbortError')
    // The kernel may have answered before any timer fires.
    const soon = await wg.device(A, { timeout: 0.000_001 }).catch(itself)
    if (soon instanceof lib.WireGuardError) assert.equal(soon.code, 'ETIMEDOUT')
    else assert.equal(soon.name, A)
  },

  'links are told of as they come and go': async ({ netlink }) => {
    const rtnl = await netlink.Rtnl.open()
    const events = await rtnl.linkEvents()
    await rtnl.createLink({ name: 'callsleft', kind: 'veth' })
    for await (const { type, link } of events)
      if (type === 'changed' && link.name === 'callsleft') break
    await rtnl.deleteLink('callsleft')
    await rtnl.close()
  },

  'a worker thread has the same devices': async ({ wg, kind }) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { kind } })
    const names = await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    assert.deepEqual(names, await wg.names())
    await worker.terminate()
    assert.deepEqual(names, await wg.names())
  },

  'delete() removes devices, and close() refuses what comes later': async ({ wg, lib }) => {
    for (const name of [A, B]) await wg.delete(name)
    assert.deepEqual(await wg.names(), [])
    const others = await lib.open()
    await others[Symbol.asyncDispose]()
    await refused(lib, others.names(), 'ECLOSED')
  },
})

const itself = (/** @type {unknown} */ thrown) => thrown

/** @param {number} count */
function peersOf(count) {
  return Array.from({ length: count }, (_, index) => {
    const bytes = new Uint8Array(32).fill(9)
    new DataView(bytes.buffer).setUint32(0, index + 1)
    const network = `10.0.${index & 255}.${index >> 8}/32`
    return { publicKey: Buffer.from(bytes).toString('base64'), allowedIPs: [network] }
  })
}

/**
 * @param {any} lib
 * @param {Promise<unknown>} call
 * @param {string} code
 * @param {RegExp} [reason]
 */
async function refused(lib, call, code, reason = /./) {
  const error = await call.then(
    () => assert.fail(`the call succeeded where ${code} was expected`),
    (thrown) => thrown,
  )
  assert.ok(error instanceof lib.WireGuardError, `${error}`)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, reason)
}

/** @param {() => Promise<boolean>} isSo */
async function until(isSo) {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** @param {string} name */
async function up(name) {
  const { execFileSync } = await import('node:child_process')
  execFileSync('ip', ['link', 'set', name, 'up'])
}

/** @param {Place} place */
async function main(place) {
  const lib = await import('wgctrl')
  const netlink = await import('@wgctrl/netlink')
  const wg = await lib.open()
  for (const [title, call] of Object.entries(calls)) {
    const started = performance.now()
    const error = await call({ wg, lib, netlink, ...place }).catch((thrown) => thrown)
    const seconds = (performance.now() - started) / 1000
    console.log(
      JSON.stringify({ title, seconds, ...(error && { error: error?.stack ?? `${error}` }) }),
    )
  }
  await wg.close()
}

async function inWorker() {
  const { open } = await import('wgctrl')
  const wg = await open()
  parentPort?.postMessage(await wg.names({ backend: workerData.kind }))
  await wg.close()
}

if (!isMainThread) await inWorker()
else if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(JSON.parse(process.argv[2] ?? ''))
