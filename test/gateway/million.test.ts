import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { generatePrivateKey, publicKey, type SecretKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { checkGatewayConfig } from '../../packages/gateway/src/config/check-config.js'
import { openStore } from '../../packages/gateway/src/store/open-store.js'
import { sealInitiation } from '../../packages/wireguard/src/handshakes/testing/seal.js'
import { type Program, start } from '../cli/program.js'
import { PORT, Stage } from '../events/stage.js'
import { gateFolder } from './gate.js'
import { NatsServer } from './nats-server.js'

/** In the bucket at the end; where answers are kept of as many as are kept; and at the beginning. */
const MANY = Number(process.env.WGCTRL_CLIENTS ?? 1_000_000)
const SOME = Math.round(MANY / 4)
const FEW = Math.round(MANY / 1000)
/** Who comes, each time that a gateway begins. */
const COMING = Math.min(200, FEW)
/** Clients that are looked up, so many at once. */
const ASKED = { 1: 500, 32: 5000 }
/** Megabytes: a million clients would take ten times as much. */
const LEEWAY = 48
const METRICS = '127.0.0.1:9587'

/** It waits for a million writes of a server that is busy with them. */
const patience = { timeout: 1_200_000, interval: 200 }

let stage: Stage
let folder: string
let server: NatsServer
let connection: NatsConnection
let coming: SecretKey[]
/** The keys of the bucket as they were written, base64url. */
let names: string[]

beforeEach(async () => {
  stage = await Stage.open('wg0')
  folder = await gateFolder(stage)
  server = await NatsServer.open()
  connection = await connect({ servers: server.url })
  await new Kvm(jetstream(connection)).create('wireguard-clients', { history: 1 })
  coming = Array.from({ length: COMING }, generatePrivateKey)
  names = coming.map((key) => toName(publicKey(key)))
})

afterEach(async () => {
  await connection.close()
  await server[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const toName = (key: string): string => Buffer.from(key, 'base64').toString('base64url')
const clientAt = (at: number): string =>
  JSON.stringify({ allowedIPs: [`10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}/32`] })

/** Puts clients into the bucket until there are so many. */
async function fill(from: number, to: number): Promise<void> {
  const js = jetstream(connection)
  while (names.length < to) names.push(randomBytes(32).toString('base64url'))
  for (let at = from; at < to; at += 1000) {
    const some = names.slice(at, Math.min(to, at + 1000))
    await Promise.all(
      some.map((name, index) => js.publish(`$KV.wireguard-clients.${name}`, clientAt(at + index))),
    )
  }
}

async function startGateway(): Promise<Program> {
  const config = {
    interface: { file: 'wg0.conf' },
    store: { type: 'nats', servers: server.url },
    listen: METRICS,
  }
  const file = join(folder, 'gateway.json')
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
  const gateway = start(['gateway', '--config', file])
  await vi.waitFor(async () => expect(await metric('store_up')).toBe(1), patience)
  return gateway
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://${METRICS}/metrics`)).text()
  const [, value] = new RegExp(`^wireguard_gateway_${name}{[^}]*} (.*)$`, 'm').exec(text) ?? []
  return Number(value)
}

/** Has clients come, and gives what the gateway's process has in memory then, in megabytes. */
async function memoryWithClients(gateway: Program): Promise<number> {
  for (const [at, key] of coming.entries()) {
    const socket = createSocket('udp4').bind(0, `127.1.${at >> 8}.${at & 255}`)
    const initiation = sealInitiation(key, publicKey(stage.privateKey))
    await new Promise((sent) => socket.send(initiation, PORT, '127.0.0.1', sent))
    socket.close()
  }
  await vi.waitFor(async () => expect(await metric('peers')).toBe(COMING), patience)
  return await memory(gateway)
}

async function memory({ child: { pid } }: Program): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** It has heard of all that is in the bucket. */
const caughtUp = (revision: number): Promise<void> =>
  vi.waitFor(
    async () => expect(await metric('store_revision')).toBeGreaterThanOrEqual(revision),
    patience,
  )

async function end(gateway: Program): Promise<void> {
  gateway.kill('SIGTERM')
  expect(await gateway.status()).toBe(0)
  await stage.backend.configure('wg0', { replacePeers: true, peers: [] })
}

/** Looks keys up, so many at once, and says how long it took. */
async function timesOfFinding(
  keys: readonly string[],
  atOnce: number,
  isThere: boolean,
): Promise<string> {
  const raw = { interface: { file: 'wg0.conf' }, store: { type: 'nats', servers: server.url } }
  const { store } = checkGatewayConfig(raw, join(folder, 'gateway.json'))
  await using opened = await openStore(store, {}, { onProblem: () => {} })
  const { signal } = new AbortController()
  const times: number[] = []
  const findAll = async (some: readonly string[]): Promise<void> => {
    for (const name of some) {
      const begun = performance.now()
      const found = await opened.find(Buffer.from(name, 'base64url').toString('base64'), { signal })
      times.push(performance.now() - begun)
      expect(found !== undefined).toBe(isThere)
    }
  }
  const share = Math.ceil(keys.length / atOnce)
  await Promise.all(
    Array.from({ length: atOnce }, (_, at) => findAll(keys.slice(at * share, (at + 1) * share))),
  )
  return `${atOnce} at once ${told(times.sort((one, other) => one - other))}`
}

const told = (times: readonly number[]): string =>
  [0.5, 0.99, 0.999]
    .map(
      (share) => `p${share * 100} ${times[Math.floor(share * (times.length - 1))]?.toFixed(1)} ms`,
    )
    .join(', ')

it(`a gateway's memory does not grow with ${MANY} clients in the bucket`, async () => {
  await fill(0, FEW)
  const early = await startGateway()
  const withFew = await memoryWithClients(early)
  // It hears of each, and keeps as many answers as it may.
  const begun = performance.now()
  await fill(FEW, SOME)
  await caughtUp(SOME)
  const withSome = await memory(early)
  await fill(SOME, MANY)
  await caughtUp(MANY)
  const withMany = await memory(early)
  const seconds = (performance.now() - begun) / 1000
  await end(early)
  const late = await startGateway()
  const begunWithMany = await memoryWithClients(late)
  await end(late)

  const times: string[] = []
  for (const [atOnce, count] of Object.entries(ASKED)) {
    const asked = Array.from({ length: count }, () => names[Math.floor(Math.random() * MANY)] ?? '')
    const nobody = Array.from({ length: count }, () => randomBytes(32).toString('base64url'))
    times.push(`find among ${MANY}, ${await timesOfFinding(asked, Number(atOnce), true)}`)
    times.push(`find of nobody, ${await timesOfFinding(nobody, Number(atOnce), false)}`)
  }
  const round = (megabytes: number): string => `${megabytes.toFixed(0)} MB`
  console.log(
    [
      `a gateway with ${FEW} clients in the bucket: ${round(withFew)}; one that began with ${MANY}: ${round(begunWithMany)}`,
      `one that heard of ${SOME}: ${round(withSome)}, of ${MANY}: ${round(withMany)}, in ${seconds.toFixed(0)} s`,
      ...times,
    ].join('\n'),
  )
  expect(begunWithMany - withFew).toBeLessThan(LEEWAY)
  expect(withMany - withSome).toBeLessThan(LEEWAY)
})
