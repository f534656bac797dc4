import { mkdtemp, rm } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatePrivateKey } from '@wgctrl/types'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import {
  connect,
  type InterfaceConfig,
  open,
  type RemoteAllow,
  type RemoteWireGuard,
  StepError,
  serve,
  type WireGuard,
} from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'

beforeAll(isolate)

const ALL: RemoteAllow = { calls: ['read', 'interface'], secrets: true }

interface Sides {
  readonly wg: WireGuard
  readonly far: RemoteWireGuard
  readonly config: InterfaceConfig
  /** Ends the connection, as if the client was killed. */
  sever(): void
}

async function bothSides(allow = ALL): Promise<Sides> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-remote-'))
  const path = join(folder, 'wg.sock')
  const wg = await open()
  const server = await serve(wg, path, { allow })
  const socket = dial(path)
  const far = await connect(socket)
  const name = uniqueName()
  onTestFinished(async () => {
    await far.close()
    await server.close()
    await wg.close()
    await rm(folder, { recursive: true })
  })
  const config = { name, privateKey: generatePrivateKey(), addresses: ['10.77.0.1/24'] }
  return { wg, far, config, sever: () => socket.destroy() }
}

it('brings interfaces up and down for a client, as here', async () => {
  const { wg, far, config } = await bothSides()
  const { name } = config
  const steps: string[] = []
  const result = await far.up(config, { onStep: ({ step }) => steps.push(step) })
  expect(result).toMatchObject({ name, warnings: [] })
  expect(steps.length).toBeGreaterThan(1)
  expect(await far.ensure(config)).toEqual({ action: 'none' })
  const addresses = ['10.78.0.1/24']
  const { name: _, ...settings } = { ...config, addresses }
  expect(await far.reconcile(name, settings)).toMatchObject([
    { kind: 'address-added', address: '10.78.0.1/24' },
    { kind: 'address-removed', address: '10.77.0.1/24' },
  ])
  expect(await far.check({ ...config, mtu: -1 })).toMatchObject([{ path: 'mtu', code: 'EINVAL' }])
  const saved: InterfaceConfig[] = []
  const save = (current: InterfaceConfig): void => {
    saved.push(current)
  }
  await far.down({ name, saveConfig: true }, { save })
  expect(saved).toMatchObject([{ name, addresses }])
  expect(config.privateKey).toEqual(saved[0]?.privateKey)
  expect(await wg.names()).not.toContain(name)
})

it('has what a hook of a client calls be part of the turn', async () => {
  const { wg, far, config } = await bothSides()
  const { name } = config
  const done: string[] = []
  const hook = async ({ name: told }: { name: string }): Promise<void> => {
    await far.configure(told, { listenPort: 4321 })
    expect((await far.device(told)).listenPort).toBe(4321)
    done.push('hook')
  }
  const up = far.up({ ...config, hooks: { postUp: [hook] } })
  const behind = far.device(name).then(() => done.push('read'))
  await Promise.all([up, behind])
  expect(done).toEqual(['hook', 'read'])
  await wg.down(name)
})

it('takes an up back whose hook fails at the client, and tells why', async () => {
  const { wg, far, config } = await bothSides()
  const reason = new RangeError('not today')
  const refuse = (): never => {
    throw reason
  }
  const failed = await far.up({ ...config, hooks: { postUp: [refuse] } }).catch((error) => error)
  expect(failed).toBeInstanceOf(StepError)
  expect(failed).toMatchObject({ step: 'run the PostUp hook refuse', device: config.name })
  expect(failed.cause).toBeInstanceOf(RangeError)
  expect(failed.cause.message).toBe('not today')
  expect(await wg.names()).not.toContain(config.name)
})

it('takes an up back that is aborted, or whose client is gone', async () => {
  const { wg, far, config, sever } = await bothSides()
  const controller = new AbortController()
  let told: AbortSignal | undefined
  const wait = (context: { signal?: AbortSignal | undefined }): Promise<void> => {
    told = context.signal
    controller.abort(new Error('had enough'))
    const ended = (reject: (reason: unknown) => void) => () => reject(told?.reason)
    return new Promise((_, reject) => told?.addEventListener('abort', ended(reject)))
  }
  const aborted = far.up({ ...config, hooks: { postUp: [wait] } }, { signal: controller.signal })
  await expect(aborted).rejects.toMatchObject({
    name: 'AbortError',
    cause: { message: 'had enough' },
  })
  expect(told?.aborted).toBe(true)
  expect(await wg.names()).not.toContain(config.name)
  const goes = (): Promise<void> => {
    sever()
    return new Promise(() => {})
  }
  await expect(far.up({ ...config, hooks: { postUp: [goes] } })).rejects.toMatchObject({
    code: 'ECONNRESET',
  })
  // Who comes behind waits for what is taken back.
  await wg.up(config)
  await wg.down(config.name)
})
