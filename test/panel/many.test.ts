import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { open, serve, UserspaceBackend, WireGuardError } from 'wgctrl'
import { PanelProcess, USER } from './panel-process.js'
import { DEVICE, makeStage, setEndpoint, socketFolder } from './stage.js'
import { Visitor } from './visitor.js'

const CLIENTS = 300
const TABS = 30
const SECONDS = 8

/** How often the device was read, counted where the daemon is asked. */
let readings = 0
/** Whether the device lets itself be read, and not be changed. */
let isFixed = false

class CountingBackend extends UserspaceBackend {
  override device(...args: Parameters<UserspaceBackend['device']>) {
    readings++
    return super.device(...args)
  }

  override async configure(...args: Parameters<UserspaceBackend['configure']>) {
    if (isFixed) throw new WireGuardError('the device stays as it is', { code: 'EIO' })
    return await super.configure(...args)
  }
}

const wg = await open({ backends: [new CountingBackend()] })
const socket = join(socketFolder(), 'wg.sock')
let server: Awaited<ReturnType<typeof serve>>
let panel: PanelProcess
let visitor: Visitor

beforeAll(async () => {
  const allow = { calls: ['read', 'interface'], uids: [USER] } as const
  server = await serve(wg, socket, { allow, mode: 0o666 })
  panel = await PanelProcess.start(await makeStage(), 8080, socket)
  visitor = await Visitor.loggedIn(panel.url)
  await setEndpoint(visitor, { networks: ['10.8.0.0/22'] })
  const names = Array.from({ length: CLIENTS }, (_, at) => `client ${at}`)
  await Promise.all(names.map((name) => visitor.call('POST', 'clients', { name })))
})

afterAll(async () => {
  await panel.stop()
  await server.close()
  await wg.close()
})

it('reads the device once a second for 30 tabs that are loaded again and again', async () => {
  const end = new AbortController()
  const tabs = Array.from({ length: TABS }, () => keepLoading(end.signal))
  const began = performance.now()
  readings = 0
  await sleep(SECONDS * 1000)
  const [counted, seconds] = [readings, (performance.now() - began) / 1000]
  end.abort()
  const loads = (await Promise.all(tabs)).reduce((sum, loaded) => sum + loaded, 0)
  expect(loads).toBeGreaterThan(TABS)
  expect(counted).toBeGreaterThan(0)
  // One for the watcher each second; one every ten for the history, and one more each minute to compare the whole.
  expect(counted).toBeLessThanOrEqual(Math.ceil(seconds) + 3)
})

it('reads for the history alone when nobody looks', async () => {
  const began = performance.now()
  readings = 0
  await sleep(SECONDS * 1000)
  const seconds = (performance.now() - began) / 1000
  expect(readings).toBeLessThanOrEqual(Math.ceil(seconds / 10) + 3)
})

it('tells tabs of the one client that changed', async () => {
  const news = visitor.news()
  const { clients = [] } = (await news.next()).value ?? {}
  expect(clients).toHaveLength(CLIENTS)
  // The watcher's first reading tells how each stands.
  const known = new Set<number>()
  while (known.size < CLIENTS) {
    for (const { id } of (await news.next()).value?.clients ?? []) known.add(id)
  }
  const [{ id } = { id: 0 }] = clients
  await visitor.call('PATCH', `clients/${id}`, { name: 'renamed' })
  expect((await news.next()).value?.clients).toMatchObject([{ id, name: 'renamed' }])
  await news.return(undefined)
})

it('tells of a device that it cannot change until it could', async () => {
  const [client] = await visitor.clients()
  const has = async () => (await wg.device(DEVICE)).peers.some(isIt)
  const isIt = ({ publicKey }: { publicKey: string }) => publicKey === client?.publicKey
  isFixed = true
  await visitor.call('PATCH', `clients/${client?.id}`, { enabled: false })
  // It reads the device meanwhile, which succeeds.
  await sleep(13_000)
  expect((await visitor.firstNews()).problem).toContain('stays as it is')
  expect(await has()).toBe(true)
  isFixed = false
  await expect.poll(has, { timeout: 120_000 }).toBe(false)
  await expect.poll(async () => (await visitor.firstNews()).problem).toBe(null)
})

/** A tab that is loaded twice a second. @returns how often */
async function keepLoading(signal: AbortSignal): Promise<number> {
  let loads = 0
  while (!signal.aborted) {
    const rows = await visitor.clients()
    expect(rows).toHaveLength(CLIENTS)
    loads++
    await sleep(500)
  }
  return loads
}
