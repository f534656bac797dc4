import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { KernelBackend } from '@wgctrl/netlink'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sealInitiation } from '../../../packages/wireguard/src/handshakes/testing/seal.js'
import { compileDatagrams } from '../../cli/datagrams.js'
import { ip, isolate } from '../../contract/harnesses/isolation.js'
import { Manager } from './manager.js'

const DEVICE = 'wgunit'
const PORT = 51_820
const URL = 'http://127.0.0.1:9586/metrics'
const METRICS = 'wgctrl-metrics.service'
const HANDSHAKES = `wgctrl-handshakes@${DEVICE}.service`
const OUTPUT = '/run/wgctrl-handshakes.log'

/** @source linux/capability.h */
const NET_ADMIN = 1n << 12n
const NET_RAW = 1n << 13n

/** The watchdog's time is the machine's: all takes ten times as long there. There is no journal. */
const dropIns = {
  [METRICS]: `[Service]
WatchdogSec=20
TimeoutAbortSec=2
RestartSec=1
`,
  'wgctrl-handshakes@.service': `[Service]
StandardOutput=append:${OUTPUT}
`,
}

const backend = new KernelBackend()
const privateKey = generatePrivateKey()
const eventually = { timeout: 120_000, interval: 500 }

let manager: Manager

const state = (unit: string) =>
  manager.show(unit, 'ActiveState', 'SubState', 'Result', 'NRestarts', 'StatusText', 'MainPID')

beforeAll(async () => {
  await compileDatagrams()
  await isolate()
  await backend.create(DEVICE)
  await backend.configure(DEVICE, {
    privateKey,
    listenPort: PORT,
    peers: [{ publicKey: publicKey(generatePrivateKey()) }],
  })
  await ip('link', 'set', DEVICE, 'up')
  manager = await Manager.start(dropIns)
})

afterAll(async () => {
  await manager?.[Symbol.asyncDispose]()
  await backend.delete(DEVICE)
  await backend[Symbol.asyncDispose]()
})

describe('the units, under systemd', () => {
  it('serve metrics as nobody, with one capability, for as long as they give signs of life', async () => {
    // Type=notify: this returns when READY=1 came.
    await manager.control('start', METRICS)
    const started = await state(METRICS)
    expect(started).toMatchObject({ ActiveState: 'active', SubState: 'running', NRestarts: '0' })
    expect(started.StatusText).toMatch(/\S/)
    const { user, ...rights } = await manager.rights(METRICS)
    expect(user).toBeGreaterThanOrEqual(61_184) // @source systemd.exec(5), DynamicUser=
    expect(rights).toEqual({ capabilities: NET_ADMIN, bounding: NET_ADMIN, noNewPrivileges: true })
    const text = await (await fetch(URL)).text()
    expect(text).toContain(`wireguard_sent_bytes_total{interface="${DEVICE}"`)
    expect(text).not.toContain(privateKey.toBase64())

    await manager.control('reload', METRICS)
    expect(await state(METRICS)).toMatchObject({ SubState: 'running', MainPID: started.MainPID })
    await new Promise((resolve) => setTimeout(resolve, 30_000))
    expect(await state(METRICS)).toMatchObject({ NRestarts: '0', MainPID: started.MainPID })
  })

  it('are started anew when they give none', async () => {
    await manager.kill(METRICS, 'SIGSTOP')
    await vi.waitFor(
      async () =>
        expect(await state(METRICS)).toMatchObject({ NRestarts: '1', SubState: 'running' }),
      eventually,
    )
    expect((await fetch(URL)).status).toBe(200)
  })

  it('end cleanly', async () => {
    await manager.control('stop', METRICS)
    expect(await state(METRICS)).toMatchObject({ ActiveState: 'inactive', Result: 'success' })
    await expect(fetch(URL)).rejects.toThrow()
  })

  it('tell of initiations, with two capabilities', async () => {
    await manager.control('start', HANDSHAKES)
    expect(await state(HANDSHAKES)).toMatchObject({ ActiveState: 'active', SubState: 'running' })
    const { user, ...rights } = await manager.rights(HANDSHAKES)
    expect(user).toBeGreaterThanOrEqual(61_184)
    const both = NET_ADMIN | NET_RAW
    expect(rights).toEqual({ capabilities: both, bounding: both, noNewPrivileges: true })
    const client = generatePrivateKey()
    const socket = createSocket('udp4')
    const message = sealInitiation(client, publicKey(privateKey))
    await new Promise((resolve) => socket.send(message, PORT, '127.0.0.1', resolve))
    socket.close()
    await vi.waitFor(
      () => expect(readFileSync(OUTPUT, 'utf8')).toContain(publicKey(client)),
      eventually,
    )
    await manager.control('stop', HANDSHAKES)
    expect(await state(HANDSHAKES)).toMatchObject({ ActiveState: 'inactive', Result: 'success' })
  })

  it('fail, and say so, where there is no such device', async () => {
    const unit = 'wgctrl-handshakes@wgnone.service'
    await expect(manager.control('start', unit)).rejects.toThrow(/failed/)
    await manager.control('stop', unit)
  })
})
