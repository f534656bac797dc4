import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkGatewayConfig, Gateway, sealPresharedKey } from '@wgctrl/gateway'
import { generatePresharedKey, type PublicKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { eventually } from '../events/hearing.js'
import { type Client, Stage } from '../events/stage.js'
import { answered, blockOf, type Gate, gateFolder, openGate, place } from './gate.js'

let stage: Stage
let folder: string
let gate: Gate

const fileOf = (client: Client): string => join(folder, 'clients', `${client.index}.conf`)
const start = async (): Promise<Gate> => {
  gate = await openGate(stage, folder, { store: { type: 'file', path: 'clients' } })
  return gate
}

beforeEach(async () => {
  stage = await Stage.open()
  folder = await gateFolder(stage)
  await mkdir(join(folder, 'clients'))
})

afterEach(async () => {
  await gate?.gateway.stop()
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** When a client's session began; a peer that was put in anew has none. */
async function handshakeOf(client: Client): Promise<number | undefined> {
  const { peers } = await stage.backend.device(stage.device)
  return peers.find((peer) => peer.publicKey === client.publicKey)?.lastHandshake?.getTime()
}

it('lets in who is in a file, and nobody else until he is', async () => {
  const [known, stranger] = (await stage.addClients(2)) as [Client, Client]
  await place(fileOf(known), blockOf(known))
  await start()
  expect(await known.ping(60)).toBeDefined()
  expect(await stranger.ping(1)).toBeUndefined()
  await vi.waitFor(() => expect(gate.keysOf('unknown')).toContain(stranger.publicKey))
  expect(await stage.present()).toEqual([known.publicKey])
  await place(fileOf(stranger), blockOf(stranger))
  await answered(stranger)
  expect(gate.gateway.state()).toMatchObject({ peers: 2, store: { isAway: false } })
})

it('has who is revoked gone within a second, who is changed changed, and nobody else cut off', async () => {
  const [stays, changes, leaves] = (await stage.addClients(3)) as [Client, Client, Client]
  for (const client of stage.clients) await place(fileOf(client), blockOf(client))
  await start()
  for (const client of stage.clients) await answered(client)
  const before = [await handshakeOf(stays), await handshakeOf(changes)]
  const begun = performance.now()
  await rm(fileOf(leaves))
  await vi.waitFor(() => expect(gate.keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  const took = performance.now() - begun
  console.log(`revoked: gone after ${Math.round(took)} ms`)
  expect(await stage.present()).not.toContain(leaves.publicKey)
  await place(fileOf(changes), blockOf(changes, `${changes.address}/32, 10.8.200.0/24`))
  await vi.waitFor(() => expect(gate.keysOf('changed')).toEqual([changes.publicKey]), eventually)
  const { peers } = await stage.backend.device(stage.device)
  const changed = peers.find((peer) => peer.publicKey === changes.publicKey)
  expect(changed?.allowedIPs).toContain('10.8.200.0/24')
  expect([await handshakeOf(stays), await handshakeOf(changes)]).toEqual(before)
  for (const client of [stays, changes]) expect(await client.ping(60)).toBeDefined()
  expect(await leaves.ping(1)).toBeUndefined()
})

it('lets a client in with a preshared key that is sealed in its file, and cannot open that of another', async () => {
  const [sealed, other] = (await stage.addClients(2)) as [Client, Client]
  const gateway = publicKey(stage.privateKey)
  const presharedKey = generatePresharedKey()
  const seal = sealPresharedKey(presharedKey, { gateway, client: sealed.publicKey as PublicKey })
  for (const client of stage.clients) {
    await client.backend.configure(client.device, {
      peers: [{ publicKey: gateway, presharedKey, updateOnly: true }],
    })
    await place(fileOf(client), `${blockOf(client)}# SealedPresharedKey = ${seal}\n`)
  }
  await start()
  await answered(sealed)
  expect(await other.ping(1)).toBeUndefined()
  await vi.waitFor(() =>
    expect(gate.events).toContainEqual(
      expect.objectContaining({ type: 'store-problem', place: `${fileOf(other)}:1` }),
    ),
  )
  expect(await stage.present()).toEqual([sealed.publicKey])
})

it('finds who is there after a restart, and has those gone who were revoked meanwhile', async () => {
  const [stays, leaves] = (await stage.addClients(2)) as [Client, Client]
  for (const client of stage.clients) await place(fileOf(client), blockOf(client))
  await start()
  for (const client of stage.clients) await answered(client)
  const before = await handshakeOf(stays)
  await gate.gateway.stop()
  expect((await stage.present()).sort()).toEqual([stays.publicKey, leaves.publicKey].sort())
  await rm(fileOf(leaves))
  await start()
  await new Promise((r) => setTimeout(r, 1500))
  await vi.waitFor(() => expect(gate.keysOf('revoked')).toEqual([leaves.publicKey]), eventually)
  expect(await stage.present()).toEqual([stays.publicKey])
  expect(await handshakeOf(stays)).toBe(before)
  // What was the same was not written again.
  expect(gate.keysOf('changed')).toEqual([])
})

it('tells of what is wrong by path and line, and goes on with the rest', async () => {
  const [good, spoiled] = (await stage.addClients(2)) as [Client, Client]
  const path = join(folder, 'clients', 'all.conf')
  await place(path, blockOf(good) + blockOf(spoiled))
  await start()
  for (const client of stage.clients) await answered(client)
  await place(path, `${blockOf(good)}${blockOf(spoiled, '10.8.0.500')}`)
  const told = () => gate.events.find((event) => event.type === 'store-problem')
  await vi.waitFor(() => expect(told()).toMatchObject({ place: `${path}:8` }), eventually)
  // A mistake is no revocation.
  for (const client of stage.clients) expect(await client.ping(60)).toBeDefined()
  await writeFile(path, blockOf(good))
  await vi.waitFor(() => expect(gate.keysOf('revoked')).toEqual([spoiled.publicKey]), eventually)
})

it('lets go of everything when it is stopped while it starts', async () => {
  const whole = {
    interface: { file: `${stage.device}.conf` },
    store: { type: 'file', path: 'clients' },
  }
  for (const delay of [0, 5, 20, 60, 150]) {
    const gateway = new Gateway(checkGatewayConfig(whole, join(folder, 'gateway.json')))
    const started = gateway.start().catch((error: Error) => error.name)
    await new Promise((resolve) => setTimeout(resolve, delay))
    await gateway.stop()
    await gateway.ended
    expect([undefined, 'AbortError']).toContain(await started)
  }
  await start()
})
