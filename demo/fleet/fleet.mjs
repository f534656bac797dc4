import { setTimeout as sleep } from 'node:timers/promises'
import { generatePrivateKey, open, publicKey } from 'wgctrl'
import { step, table } from '../say.mjs'
import { Client } from './client.mjs'
import { Gateway } from './gateway.mjs'
import { Log } from './log.mjs'
import { buckets, keyOf, Nats } from './nats.mjs'

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
const ROAMING = 10_000

/**
 * A nats-server and three gateways in network namespaces of their own, and clients that roam between them.
 *
 * @param {string} folder for the server's files and the gateways' configs
 */
export async function demonstrateFleet(folder) {
  const wg = await open({ backends: ['userspace'] })
  const fleet = await startFleet(wg, folder)
  await connectClients(fleet)
  await roam(fleet)
  await revoke(fleet)
  await loseGateway(fleet)
  await loseNats(fleet)
  await showEnd(fleet)
  await stopFleet(fleet)
}

/** @typedef {Awaited<ReturnType<typeof startFleet>>} Fleet */

/**
 * @param {import('wgctrl').WireGuard} wg
 * @param {string} folder
 */
async function startFleet(wg, folder) {
  step('A nats-server, three gateways and six clients, each in a network namespace of its own')
  const nats = new Nats(folder)
  nats.start()
  const connection = await nats.connect()
  const store = await buckets(connection).create('wireguard-clients', { history: 1 })
  const key = generatePrivateKey()
  const shared = { privateKey: key.toBase64(), servers: nats.servers }
  const gateways = ['a', 'b', 'c'].map((letter) => new Gateway(letter, folder, shared))
  const log = new Log()
  const ready = gateways.map((gateway) => log.next('fleet-joined', { gateway: gateway.name }))
  for (const gateway of gateways) {
    log.follow(gateway)
    gateway.start()
  }
  await Promise.all(ready)
  /** @type {Client[]} */
  const clients = []
  for (const [index, name] of NAMES.entries()) {
    const client = await Client.make(wg, { name, number: index + 2, gatewayKey: publicKey(key) })
    log.name(client)
    clients.push(client)
  }
  for (const { name, endpoint } of gateways) console.log(`   ${name} at ${endpoint}`)
  return { wg, nats, connection, store, gateways, clients, log }
}

/** @param {Fleet} fleet */
async function connectClients({ store, clients, gateways }) {
  step('Each client is put into the bucket wireguard-clients, and connects to some gateway')
  for (const { name, publicKey, address } of clients) {
    await store.put(keyOf(publicKey), JSON.stringify({ name, allowedIPs: [`${address}/32`] }))
  }
  const times = await Promise.all(clients.map((client) => client.goTo(any(gateways))))
  const rows = clients.map(({ name, address }, at) => [name, address, milliseconds(times[at])])
  table(['client', 'in the tunnel', 'first packet answered after'], rows)
}

/** @param {Fleet} fleet */
async function roam({ clients, gateways, log }) {
  step(`They roam for ${ROAMING / 1000} s`)
  /** @type {Map<string, number>} */
  const arrivals = new Map()
  /** @type {number[]} */
  const gone = []
  const note = (/** @type {import('./log.mjs').Told} */ { event, publicKey = '', at }) => {
    if (event === 'moved') arrivals.set(publicKey, at)
    if (event === 'left') gone.push(at - (arrivals.get(publicKey) ?? at))
  }
  log.on('told', note)
  const end = performance.now() + ROAMING
  const answered = await Promise.all(clients.map((client) => roamUntil(end, client, gateways)))
  log.off('told', note)
  const times = answered.flat()
  console.log(`   ${times.length} moves. The first packet was answered after ${spread(times)};`)
  console.log(`   the client was gone from where it had been ${spread(gone)} after that was told.`)
}

/**
 * @param {number} end
 * @param {Client} client
 * @param {Gateway[]} gateways
 */
async function roamUntil(end, client, gateways) {
  const times = []
  while (performance.now() < end) {
    await sleep(500 + 2500 * Math.random())
    times.push((await client.goTo(any(gateways))) ?? Number.POSITIVE_INFINITY)
  }
  return times
}

/** @param {Fleet} fleet */
async function revoke({ store, clients, gateways, log }) {
  const [alice, ...others] = /** @type {[Client, ...Client[]]} */ (clients)
  step('alice is revoked: her key is deleted from the bucket')
  await alice.goTo(/** @type {Gateway} */ (gateways[0]))
  const revoked = log.next('revoked', { publicKey: alice.publicKey })
  const begun = performance.now()
  await store.delete(keyOf(alice.publicKey))
  const { at } = await revoked
  console.log(`   gone after ${milliseconds(at - begun)}`)
  console.log(`   her ping: ${milliseconds(await alice.ping(1))}`)
  const times = await Promise.all(others.map((client) => client.ping(8)))
  console.log(`   the others' pings: ${spread(times)}`)
}

/** @param {Fleet} fleet */
async function loseGateway({ connection, clients, gateways, log }) {
  const [stays, lost] = /** @type {[Gateway, Gateway]} */ (gateways)
  const [, bob, carol] = /** @type {[Client, Client, Client]} */ (clients)
  step(`${lost.name} is killed (SIGKILL); bob, who was there, goes to ${stays.name}`)
  await Promise.all([bob.goTo(lost), carol.goTo(lost)])
  await lost.end('SIGKILL')
  console.log(`   bob is answered after ${milliseconds(await bob.goTo(stays))}`)
  console.log(`   carol stayed, and her session goes on: ${milliseconds(await carol.ping(8))}`)
  const there = await buckets(connection).open('wireguard-gateways')
  while (await there.get(lost.name)) await sleep(100)
  const names = []
  for await (const name of await there.keys()) names.push(name)
  console.log(
    `   those that are there by the bucket wireguard-gateways: ${names.sort().join(', ')}`,
  )
  step(`${lost.name} starts again: it finds its clients, and that bob is elsewhere`)
  const left = log.next('left', { gateway: lost.name, publicKey: bob.publicKey })
  lost.start()
  await left
}

/** @param {Fleet} fleet */
async function loseNats({ nats, clients, gateways, log }) {
  const [one, other] = /** @type {[Gateway, Gateway]} */ (gateways)
  const [, , , dave, erin] = /** @type {Client[]} */ (clients)
  step('nats-server is killed: who is in stays, and who is known is let in')
  await dave?.goTo(other)
  await dave?.goTo(one)
  await erin?.goTo(one)
  const away = gateways.map(({ name }) => log.next('store-away', { gateway: name }))
  await nats.kill()
  await Promise.all(away)
  console.log(`   erin, who stays: ${milliseconds(await erin?.ping(8))}`)
  console.log(`   dave, who moves to ${other.name}: ${milliseconds(await dave?.goTo(other))}`)
  step('nats-server is back: what happened meanwhile is told')
  const left = log.next('left', { gateway: one.name, publicKey: `${dave?.publicKey}` })
  const begun = performance.now()
  nats.start()
  const { at } = await left
  console.log(`   after ${milliseconds(at - begun)}, its start included`)
}

/** @param {Fleet} fleet */
async function showEnd(fleet) {
  step('Where everybody is: by the devices, and by the bucket wireguard-presence')
  let rows = await whereabouts(fleet)
  for (let tries = 0; tries < 50 && !rows.every(isOne); tries++) {
    await sleep(100)
    rows = await whereabouts(fleet)
  }
  table(['client', 'device of', 'bucket says', 'sends from'], rows)
}

/**
 * Where clients are, one a row.
 *
 * @param {Fleet} fleet
 * @returns {Promise<[string, string, string, string][]>}
 */
async function whereabouts({ wg, connection, clients, gateways }) {
  const presence = await buckets(connection).open('wireguard-presence')
  const devices = await Promise.all(gateways.map(({ device }) => wg.device(device)))
  const rows = clients.map(async ({ name, publicKey }) => {
    const holders = gateways.filter((_, at) =>
      devices[at]?.peers.some((peer) => peer.publicKey === publicKey),
    )
    const entry = await presence.get(keyOf(publicKey))
    const { gateway = '-', endpoint = '-' } =
      entry?.operation === 'PUT' ? entry.json() : /** @type {Record<string, string>} */ ({})
    const names = holders.map((each) => each.name).join(', ') || '-'
    return /** @type {[string, string, string, string]} */ ([name, names, gateway, endpoint])
  })
  return await Promise.all(rows)
}

/** Whether devices and bucket agree on a client. @param {[string, string, string, string]} row */
const isOne = ([, holders, gateway]) => holders === gateway

/** @param {Fleet} fleet */
async function stopFleet({ wg, nats, connection, gateways, clients }) {
  step('Stopping the gateways, and removing all devices')
  await Promise.all(gateways.map((gateway) => gateway.end('SIGTERM')))
  await connection.close()
  await nats.kill()
  for (const { device } of [...gateways, ...clients]) await wg.delete(device)
  await wg.close()
}

/** @param {Gateway[]} gateways */
const any = (gateways) =>
  /** @type {Gateway} */ (gateways[Math.floor(Math.random() * gateways.length)])

/** @param {number | undefined} time */
const milliseconds = (time = Number.POSITIVE_INFINITY) =>
  time === Number.POSITIVE_INFINITY ? 'not answered' : `${time.toFixed(1)} ms`

/** @param {(number | undefined)[]} times */
function spread(times) {
  const sorted = times.map((time) => time ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]
  return `${milliseconds(median)} (the longest: ${milliseconds(sorted.at(-1))})`
}
