import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkConfig } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networks, peerKey } from '../contract/samples.js'
import { NameServer } from './name-server.js'
import { makePair, type Pair } from './pair.js'
import { Program, start, WGCTRL } from './program.js'

const PEERS = 1000

let pair: Pair
let server: FakeUapiServer

beforeAll(async () => {
  pair = await makePair()
  const device = new FakeDevice('wglarge')
  const peers = Array.from({ length: PEERS }, (_, n) => ({
    publicKey: peerKey(n),
    allowedIPs: networks(3),
  }))
  device.apply(checkConfig({ peers: peers.map(({ publicKey }) => ({ publicKey })) }))
  for (const { publicKey } of peers) device.pretend(publicKey, { receivedBytes: 7n })
  server = await FakeUapiServer.listen('/var/run/wireguard/wglarge.sock', device)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await pair[Symbol.asyncDispose]()
})

const listening = ['metrics', '--listen', '127.0.0.1:0', '--max-age', '0']

async function portOf(exporter: Program): Promise<number> {
  const [, port = ''] = await exporter.says(/127\.0\.0\.1:(\d+)\/metrics/, 'err')
  return Number(port)
}

const scrape = async (port: number): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

/** Megabytes of a process that are in memory. */
async function residentOf({ child }: Program): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

const GET = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'

/** What connections send, and whether they read what comes back. */
const kinds: readonly { readonly bytes: string; readonly reads: boolean }[] = [
  { bytes: GET, reads: true },
  { bytes: GET, reads: false },
  { bytes: GET.repeat(2500), reads: false },
  { bytes: 'GET // HTTP/1.1\r\nHost: x\r\n\r\n', reads: true },
  { bytes: 'GET http:// HTTP/1.1\r\nHost: x\r\n\r\n', reads: false },
  { bytes: '\x16\x03\x01\x02\x00\x01', reads: true },
  { bytes: `GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, reads: false },
  { bytes: 'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx', reads: true },
  { bytes: 'GET /metrics HTTP/1.1\r\nHost', reads: false },
  { bytes: '', reads: false },
]

/** So many connections at once, of every kind. They stay until they are closed. */
function crowd(port: number, count: number): Socket[] {
  return Array.from({ length: count }, (_, n) => {
    const { bytes, reads } = kinds[n % kinds.length] ?? { bytes: '', reads: true }
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    if (reads) socket.resume()
    else socket.pause()
    socket.write(bytes)
    return socket
  })
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0

describe('the exporter among 200 connections of every kind', () => {
  it('answers true scrapes meanwhile, keeps its memory, and lives', async () => {
    const exporter = start(listening)
    const port = await portOf(exporter)
    /** Milliseconds. */
    const scrapeTimes = async (count: number): Promise<number[]> => {
      const times: number[] = []
      for (let n = 0; n < count; n++) {
        const began = performance.now()
        const page = await scrape(port)
        times.push(performance.now() - began)
        expect(page).toContain(`wireguard_peers{interface="wglarge"} ${PEERS}\n`)
        expect(page.match(/^wireguard_received_bytes_total\{.*"wglarge".* 7$/gm)).toHaveLength(
          PEERS,
        )
        expect(page).toContain(`wireguard_up{interface="${pair.alice.device}"} 1\n`)
      }
      return times
    }
    const alone: number[] = []
    const among: number[] = []
    /** Megabytes, after each round. */
    const memory: number[] = []
    for (let round = 0; round < 6; round++) {
      alone.push(...(await scrapeTimes(3)))
      const sockets = crowd(port, 200)
      await sleep(100)
      among.push(...(await scrapeTimes(5)))
      for (const socket of sockets) socket.destroy()
      memory.push(await residentOf(exporter))
    }
    console.info('scrapes alone, among 200 (ms), memory (MB):', [alone, among, memory].join('; '))
    // Of a machine that is busy with something else both sides know: they take turns.
    expect(median(among)).toBeLessThan(1000 + 10 * median(alone))
    // 100 KB of requests by one who read nothing took three gigabytes.
    const [first = 0, ...later] = memory
    expect(Math.max(...later)).toBeLessThan(first + 500)
    exporter.kill('SIGTERM')
    expect(await exporter.status()).toBe(0)
  })
})

describe('a service', () => {
  it('goes on when nobody reads its standard error, or it has none', async () => {
    for (const closed of ['2>&-', '2> >(exec head -c 1 >/dev/null)']) {
      const words = ['metrics', 'wgnone', pair.alice.device, '--listen', '127.0.0.1:19586']
      const line = `exec "$0" "$@" ${closed}`
      const service = new Program('bash', ['-c', line, process.execPath, WGCTRL, ...words])
      for (let page = ''; !page.includes(`wireguard_up{interface="${pair.alice.device}"} 1`); ) {
        await sleep(50)
        page = await scrape(19586).catch(() => '')
        expect(service.child.exitCode).toBe(null)
      }
      // It has something to say each time.
      service.kill('SIGHUP')
      expect(await scrape(19586)).toContain('wireguard_up{interface="wgnone"} 0\n')
      service.kill('SIGTERM')
      expect(await service.status()).toBe(0)
    }
  })

  it.each([
    ['SIGTERM', []],
    ['SIGTERM after SIGHUP', ['SIGHUP', 'SIGHUP'] as const],
  ])('ends by %s while the name that it is to listen on is looked up', async (_, signals) => {
    const patience = 600
    await using names = await NameServer.open(patience)
    const service = start(['metrics', '--listen', 'slow.example:0'])
    while (names.heard === 0) await sleep(20)
    for (const signal of [...signals, 'SIGTERM'] as const) service.kill(signal)
    expect(await service.status()).toBe(0)
    expect(service.err).toBe('')
  })
})
