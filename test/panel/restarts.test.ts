import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { HelperProcess, PanelProcess } from './panel-process.js'
import { Phone } from './phone.js'
import { DEVICE, makeStage, setEndpoint, socketFolder } from './stage.js'
import { type Row, Visitor } from './visitor.js'

const SOCKET = join(socketFolder(), 'wg.sock')

let data: string
let helper: HelperProcess
let panel: PanelProcess
let visitor: Visitor
let phone: Phone

beforeAll(async () => {
  data = await makeStage()
  helper = await HelperProcess.start(SOCKET)
  panel = await PanelProcess.start(data, 8080, SOCKET)
  visitor = await Visitor.loggedIn(panel.url)
  await setEndpoint(visitor)
  phone = await Phone.plugIn(0)
  const { file } = await visitor.call<{ file: string }>('POST', 'clients', { name: 'phone' })
  await phone.connect(file)
})

afterAll(async () => {
  await phone[Symbol.asyncDispose]()
  await panel.stop()
  await helper.stop()
})

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'keeps totals when the panel ends by %s',
  async (signal) => {
    const before = await client()
    expect(await phone.reaches(undefined, 10)).toBe(true)
    await panel.stop(signal)
    expect(await phone.reaches(undefined, 10)).toBe(true)
    panel = await PanelProcess.start(data, 8080, SOCKET)
    await isCounted()
    expect((await client()).received - before.received).toBeGreaterThan(20_000)
  },
)

it('goes on with a helper that was started anew', async () => {
  await helper.stop('SIGKILL')
  const { publicKey } = await client()
  await visitor.call('PATCH', `clients/${(await client()).id}`, { enabled: false })
  expect(await problem()).toMatch(/ECONN|closed|lost|connect/)
  helper = await HelperProcess.start(SOCKET)
  await visitor.call('PATCH', `clients/${(await client()).id}`, { enabled: true })
  await expect.poll(problem, { timeout: 120_000 }).toBe(null)
  expect((await client()).publicKey).toBe(publicKey)
  await phone.isCut(false)
})

it('makes the device again when its daemon is gone, and forgets no byte that it has counted', async () => {
  await isCounted()
  const before = await client()
  process.kill((await daemonOf(DEVICE)) as number, 'SIGKILL')
  await phone.isCut(false)
  await expect
    .poll(async () => (await client()).received > before.received, { timeout: 120_000 })
    .toBe(true)
  const { sent } = await phone.traffic()
  const { received } = await client()
  expect(received).toBeLessThanOrEqual(sent)
})

async function client(): Promise<Row> {
  const [only] = await visitor.clients()
  if (!only) throw new Error('the panel has no client')
  return only
}

/** Each change counts before it is made. */
async function isCounted(): Promise<void> {
  await expect
    .poll(async () => {
      await visitor.call('PATCH', `clients/${(await client()).id}`, { name: 'phone' })
      return (await phone.traffic()).sent - (await client()).received
    })
    .toBe(0)
}

const problem = async (): Promise<string | null> => (await visitor.firstNews()).problem
