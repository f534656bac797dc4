import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type InterfaceConfig, type LookupRetry, open, type WireGuard } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { NameServer } from './name-server.js'
import { start, takeDownAll, temporaryFolder } from './program.js'
import { runWg } from './wg.js'

const name = 'wgnamed'
const privateKey = generatePrivateKey()
const peer = publicKey(generatePrivateKey())
const endpoint = 'known.example:4711'
const config: InterfaceConfig = {
  name,
  privateKey,
  addresses: ['10.66.0.1/24'],
  peers: [{ publicKey: peer, endpoint, allowedIPs: ['10.66.0.2/32'] }],
}

/** As wg(8) says it. */
const LINE = `Temporary failure in name resolution: \`${endpoint}'. Trying again in 1.00 seconds...\n`

let server: NameServer
let file: string

beforeAll(async () => {
  await isolate()
  server = await NameServer.open()
  file = join(await temporaryFolder(), `${name}.conf`)
  const lines = [
    '[Interface]',
    `PrivateKey = ${privateKey.toBase64()}`,
    'Address = 10.66.0.1/24',
    '[Peer]',
    `PublicKey = ${peer}`,
    'AllowedIPs = 10.66.0.2/32',
    `Endpoint = ${endpoint}`,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  await chmod(file, 0o600)
})

afterAll(() => server[Symbol.asyncDispose]())

beforeEach(() => {
  server.isAnswering = false
})

afterEach(takeDownAll)

async function openWith(retries: string): Promise<WireGuard> {
  vi.stubEnv('WG_ENDPOINT_RESOLUTION_RETRIES', retries)
  const wg = await open({ backends: ['userspace'] })
  vi.unstubAllEnvs()
  return wg
}

const noAnswer = (path: string) => ({
  code: 'EAI_AGAIN',
  message: expect.stringMatching(/cannot resolve known\.example: no name server answered$/),
  path,
})

type Looking = (wg: WireGuard, options: object) => Promise<unknown>

/** What looks names up; of the device that `up` made, but for `up` itself. */
const calls: Record<string, Looking> = {
  up: (wg, options) => wg.up(config, options),
  reconcile: (wg, options) => wg.reconcile(name, config, options),
  reresolve: (wg, options) => wg.reresolve(name, config, options),
}

describe('a name server that does not answer', () => {
  it.each(Object.entries(calls))(
    '%s: as many tries as wg’s variable says, each told',
    async (operation, call) => {
      await using wg = await openWith('1')
      const { peers, ...rest } = config
      if (operation !== 'up') {
        await wg.up({ ...rest, peers: [{ publicKey: peer, allowedIPs: ['10.66.0.2/32'] }] })
      }
      const told: LookupRetry[] = []
      const outcome = call(wg, { onRetry: (retry: LookupRetry) => told.push(retry) })
      if (operation === 'reresolve') {
        expect(await outcome).toMatchObject({ moved: [], errors: [noAnswer('peers[0].endpoint')] })
      } else await expect(outcome).rejects.toMatchObject(noAnswer('peers[0].endpoint'))
      const retry = { host: 'known.example', delay: 1000, error: { code: 'EAI_AGAIN' } }
      expect(told).toMatchObject([retry])
      if (operation === 'up') expect(await wg.names()).toEqual([])
      else await wg.down(name)
    },
  )

  it('that answers late: up takes its address', async () => {
    await using wg = await openWith('15')
    const onRetry = (): void => {
      server.isAnswering = true
    }
    await wg.up(config, { onRetry })
    expect((await wg.device(name)).peers[0]?.endpoint).toMatchObject({ address: '127.0.0.1' })
    await wg.down(name)
  })

  it('is asked without end when that is wanted, until an abort, which takes all back', async () => {
    await using wg = await openWith('infinity')
    const abort = new AbortController()
    const up = wg.up(config, { signal: abort.signal, onRetry: () => abort.abort('enough') })
    await expect(up).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
    expect(await wg.names()).toEqual([])
  })

  it('is reported by wgctrl up as wg-quick(8) reports it, and it ends like that', async () => {
    const env = { WG_ENDPOINT_RESOLUTION_RETRIES: '1' }
    await using wg = await openWith('0')
    await wg.create(name)
    const theirs = await runWg(['set', name, 'peer', peer, 'endpoint', endpoint], { env })
    await wg.delete(name)
    expect(theirs.err).toContain(LINE)
    const ours = start(['up', file, '--backend', 'userspace'], env)
    expect(await ours.status()).toBe(1)
    expect(ours.err.split('\n')).toContain(LINE.trimEnd())
    expect(ours.err).toContain('no name server answered')
    expect(await wg.names()).toEqual([])
  })
})
