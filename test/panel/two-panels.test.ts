import { afterAll, beforeAll, expect, it } from 'vitest'
import { open, type WireGuard } from 'wgctrl'
import { PanelProcess } from './panel-process.js'
import { Phone } from './phone.js'
import { DEVICE, startPanel } from './stage.js'
import { Visitor } from './visitor.js'

/** Twenty say something; who wants to be sure asks for more. */
const ROUNDS = Number(process.env['WGCTRL_PANEL_ROUNDS'] ?? 20)

/** Milliseconds. */
const timeout = 120_000 + ROUNDS * 10_000

let panels: [PanelProcess, PanelProcess]
let visitors: [Visitor, Visitor]
let wg: WireGuard

beforeAll(async () => {
  const { data, panel, visitor } = await startPanel()
  const other = await PanelProcess.start(data, 8081)
  panels = [panel, other]
  visitors = [visitor, await Visitor.loggedIn(other.url)]
  wg = await open()
})

afterAll(async () => {
  await wg.close()
  for (const panel of panels) await panel.stop()
  expect(panels.map(({ complaints }) => complaints)).toEqual(['', ''])
})

it('give no address twice, and a device with all clients', { timeout }, async () => {
  const names = Array.from({ length: ROUNDS }, (_, at) => `client ${at}`)
  await Promise.all(names.map((name, at) => visitors[at % 2]?.call('POST', 'clients', { name })))
  const clients = await visitors[0].clients()
  expect(clients.map(({ name }) => name).sort()).toEqual(names.sort())
  expect(new Set(clients.flatMap(({ addresses }) => addresses)).size).toBe(ROUNDS)
  await agree()
})

it('agree with each other and the device, whatever two administrators do at once', {
  timeout,
}, async () => {
  const clients = await visitors[1].clients()
  for (let round = 0; round < ROUNDS; round++) {
    const [one, other] = [clients[round], clients[(round + 1) % ROUNDS]]
    await Promise.all([
      visitors[0].call('PATCH', `clients/${one?.id}`, { enabled: false }),
      visitors[1].call('PATCH', `clients/${one?.id}`, { enabled: true }),
      visitors[0].call('PATCH', `clients/${other?.id}`, { enabled: round % 3 === 0 }),
      visitors[1].call('PATCH', `clients/${other?.id}`, { enabled: round % 3 !== 0 }),
    ])
    await agree()
  }
})

it('give nobody the address of a client that is disabled or expired', async () => {
  const before = await visitors[0].clients()
  const [one, other] = before
  await visitors[0].call('PATCH', `clients/${one?.id}`, { enabled: false })
  await visitors[1].call('PATCH', `clients/${other?.id}`, { enabled: true, expires: 1 })
  const names = ['new', 'newer', 'newest', 'last']
  await Promise.all(names.map((name, at) => visitors[at % 2]?.call('POST', 'clients', { name })))
  const after = await visitors[0].clients()
  expect(new Set(after.flatMap(({ addresses }) => addresses)).size).toBe(before.length + 4)
  await visitors[0].call('PATCH', `clients/${one?.id}`, { enabled: true })
  await visitors[0].call('PATCH', `clients/${other?.id}`, { expires: null })
  await agree()
})

it('cut a client off when its time comes, though nobody asks for anything', async () => {
  const { id } = await visitors[0].call<{ id: number }>('POST', 'clients', { name: 'guest' })
  const { publicKey } = (await visitors[1].clients()).find((one) => one.id === id) ?? {}
  const isThere = async () =>
    (await wg.device(DEVICE, { secrets: false })).peers.some((peer) => peer.publicKey === publicKey)
  const expires = Date.now() + 20_000
  await visitors[1].call('PATCH', `clients/${id}`, { expires })
  const wasThere = await isThere()
  expect(wasThere || Date.now() >= expires).toBe(true)
  await expect.poll(isThere, { timeout: 120_000, interval: 250 }).toBe(false)
  expect(Date.now()).toBeGreaterThanOrEqual(expires)
  await visitors[0].call('DELETE', `clients/${id}`, {})
})

it('count traffic once', async () => {
  await using phone = await Phone.plugIn(0)
  const { id, file } = await visitors[0].call<{ id: number; file: string }>('POST', 'clients', {
    name: 'phone',
  })
  await phone.connect(file)
  expect(await phone.reaches(undefined, 20)).toBe(true)
  // Each change counts before it is made; both do, at once.
  for (let round = 0; round < 5; round++) {
    await Promise.all(visitors.map((one) => one.call('PATCH', `clients/${id}`, { name: 'phone' })))
    expect(await phone.reaches(undefined, 3)).toBe(true)
  }
  await expect
    .poll(async () => {
      await visitors[0].call('PATCH', `clients/${id}`, { name: 'phone' })
      const clients = await visitors[1].clients()
      const counted = clients.find((one) => one.id === id)
      const { sent, received } = await phone.traffic()
      return { up: sent - (counted?.received ?? 0), down: received - (counted?.transmitted ?? 0) }
    })
    .toEqual({ up: 0, down: 0 })
  await phone.disconnect()
})

/** The device has those clients that are enabled, whoever is asked. */
async function agree(): Promise<void> {
  const [one, other] = await Promise.all(visitors.map((visitor) => visitor.clients()))
  const keysOf = (clients: typeof one) =>
    clients
      ?.filter(({ enabled }) => enabled)
      .map(({ publicKey }) => publicKey)
      .sort()
  const { peers } = await wg.device(DEVICE, { secrets: false })
  expect(peers.map(({ publicKey }) => publicKey).sort()).toEqual(keysOf(one))
  expect(keysOf(other)).toEqual(keysOf(one))
}
