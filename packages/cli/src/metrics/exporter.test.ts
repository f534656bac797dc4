import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Deadline, generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { open, parseConfig, type WireGuard, WireGuardError } from 'wgctrl'
import { PeerNames } from '../peer-names/peer-names.js'
import { Exporter, type ExporterOptions } from './exporter.js'
import { PeerMetrics } from './peer-metrics.js'

const PEER = publicKey(generatePrivateKey())
const presharedKey = generatePresharedKey()
const privateKey = generatePrivateKey()

let wg: WireGuard
let exporter: Exporter

afterEach(async () => {
  await exporter?.stop()
  await wg?.close()
})

/** An exporter of a device in memory. */
async function serve(more: Partial<ExporterOptions> = {}) {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  await backend.configure('wg0', {
    privateKey,
    peers: [
      {
        publicKey: PEER,
        presharedKey,
        endpoint: '[2001:db8::7]:51820',
        allowedIPs: ['10.0.0.2/32', 'fd00::2/128'],
      },
    ],
  })
  wg = await open({ backends: [backend] })
  const warnings: string[] = []
  exporter = new Exporter(wg, {
    listen: { host: '127.0.0.1', port: 0 },
    names: new PeerNames(),
    maxAge: 3_600_000,
    hasRemoteLabels: false,
    hasHandshakeDelay: false,
    now: Date.now,
    warn: (text) => warnings.push(text),
    ...more,
  })
  await exporter.start()
  const url = `http://127.0.0.1:${exporter.address?.port}`
  return { backend, warnings, url, read: vi.spyOn(backend, 'device') }
}

/** A device whose backend says nothing until the call is given up. */
function hang(backend: MemoryBackend, hanging: string): void {
  const device = MemoryBackend.prototype.device.bind(backend)
  vi.spyOn(backend, 'device').mockImplementation(async (name, options) => {
    if (name !== hanging) return device(name, options)
    using deadline = new Deadline(options)
    await once(deadline.signal, 'abort')
    throw deadline.signal.reason
  })
}

/** What is answered to these bytes until the connection ends. */
async function rawly(port: string, bytes: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(bytes)
  let answer = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text
  })
  await once(socket, 'close')
  return answer
}

const textOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text()

describe('the exporter', () => {
  it('serves the names and labels that dashboards expect, and no secret', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics`)
    expect(response.headers.get('content-type')).toContain('version=0.0.4')
    const text = await response.text()
    const labels = `interface="wg0",public_key="${PEER}",allowed_ips="10.0.0.2/32,fd00::2/128"`
    for (const [name, type] of [
      ['sent_bytes_total', 'counter'],
      ['received_bytes_total', 'counter'],
      ['latest_handshake_seconds', 'gauge'],
    ]) {
      expect(text).toContain(`# TYPE wireguard_${name} ${type}\nwireguard_${name}{${labels}} 0\n`)
    }
    expect(text).toContain('wireguard_peers{interface="wg0"} 1\n')
    for (const secret of [privateKey, presharedKey]) expect(text).not.toContain(secret.toBase64())
  })

  it('reads a device once for all who ask', async () => {
    const { url, read } = await serve()
    await Promise.all(Array.from({ length: 10 }, () => textOf(url)))
    await textOf(url)
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('reads it anew once the last reading is too old', async () => {
    const { url, read } = await serve({ maxAge: 0 })
    await textOf(url)
    await textOf(url)
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('calls peers what files call them, and reads those again when told', async () => {
    let name = 'alice "the first"'
    const file = async () =>
      parseConfig(`[Interface]\n[Peer]\n# Name = ${name}\nPublicKey = ${PEER}\n`)
    const { url } = await serve({ names: new PeerNames(['/names'], file) })
    expect(await textOf(url)).toContain('friendly_name="alice \\"the first\\""')
    name = 'bob'
    expect(await textOf(url)).not.toContain('bob')
    await exporter.reload()
    expect(await textOf(url)).toContain('friendly_name="bob"')
  })

  it('adds where peers are when asked to', async () => {
    const { url } = await serve({ hasRemoteLabels: true })
    expect(await textOf(url)).toContain('remote_ip="2001:db8::7",remote_port="51820"')
  })

  it('counts what cannot be read, beside what can, and says so in its status', async () => {
    const { url } = await serve({ devices: ['wg0', 'wg7'] })
    await textOf(url)
    const text = await textOf(url)
    expect(text).toContain('wireguard_read_errors_total{interface="wg7",code="ENODEV"} 2')
    expect(text).toContain('wireguard_peers{interface="wg0"} 1')
    expect(exporter.status()).toBe(`serving on ${url}/metrics; devices 1, peers 1, wg7: ENODEV`)
  })

  it('forgets peers and devices that are gone', async () => {
    const { backend, url } = await serve({ maxAge: 0 })
    expect(await textOf(url)).toContain(PEER)
    await backend.configure('wg0', { peers: [{ publicKey: PEER, remove: true }] })
    expect(await textOf(url)).not.toContain(PEER)
    await backend.delete('wg0')
    const text = await textOf(url)
    expect(text).not.toContain('wg0')
    expect(text).not.toContain('ENODEV')
  })

  it('says of a backend that refuses that it does, and serves the others', async () => {
    const { backend } = await serve()
    const refuse = async () => {
      throw new WireGuardError('not allowed', { code: 'EPERM' })
    }
    const refusing = Object.assign(new MemoryBackend('linux-kernel'), { list: refuse })
    await exporter?.stop()
    wg = await open({ backends: [refusing, backend] })
    const options = { listen: { host: '127.0.0.1', port: 0 }, names: new PeerNames(), maxAge: 0 }
    const flags = { hasRemoteLabels: false, hasHandshakeDelay: false }
    exporter = new Exporter(wg, { ...options, ...flags, now: Date.now, warn: () => {} })
    await exporter.start()
    const text = await textOf(`http://127.0.0.1:${exporter.address?.port}`)
    expect(text).toContain('wireguard_read_errors_total{interface="",code="EPERM"} 1')
    expect(text).toContain(PEER)
    expect(exporter.status()).toContain(', list: EPERM')
  })

  it('says 503 when devices cannot be listed, and goes on', async () => {
    const { backend, url, warnings } = await serve()
    const list = vi.spyOn(backend, 'list').mockRejectedValue(new Error('broken'))
    const response = await fetch(`${url}/metrics`)
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('broken')
    expect(warnings).toEqual(['broken'])
    list.mockRestore()
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })

  it('tells of every device whether it could be read', async () => {
    const { url } = await serve({ devices: ['wg0', 'wg7'] })
    const text = await textOf(url)
    expect(text).toContain('wireguard_up{interface="wg0"} 1\n')
    expect(text).toContain('wireguard_up{interface="wg7"} 0\n')
    expect(text).not.toContain('wireguard_peers{interface="wg7"}')
  })

  it('says once what cannot be read, as long as it cannot', async () => {
    const { url, warnings, backend } = await serve({ devices: ['wg0', 'wg7'], maxAge: 0 })
    await exporter.look()
    await textOf(url)
    expect(warnings).toEqual([expect.stringContaining('wg7')])
    await backend.create('wg7')
    await textOf(url)
    await backend.delete('wg7')
    await textOf(url)
    expect(warnings).toHaveLength(2)
  })

  it('counts a device once, by whatever names it is asked for', async () => {
    const { url, backend } = await serve({ devices: ['wg0', 'wg0', 'tunnel'] })
    const once = (await textOf(url)).replaceAll('interface="tunnel"', '')
    const device = MemoryBackend.prototype.device.bind(backend)
    vi.spyOn(backend, 'device').mockImplementation(async (name, options) =>
      device(name === 'tunnel' ? 'wg0' : name, options),
    )
    const text = await textOf(url)
    expect(text.match(/^wireguard_peers.*$/gm)).toEqual(once.match(/^wireguard_peers.*$/gm))
    expect(text.match(/^wireguard_received_bytes_total\{.*$/gm)).toHaveLength(1)
    expect(text).toContain('wireguard_peers{interface="wg0"} 1\n')
  })

  it('serves the others in the time that a scraper has, beside a device that hangs', async () => {
    const { url, backend } = await serve({ devices: ['wg0', 'wg1'] })
    hang(backend, 'wg1')
    const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '4' }
    const text = await (await fetch(`${url}/metrics`, { headers })).text()
    expect(text).toContain('wireguard_up{interface="wg0"} 1\n')
    expect(text).toContain('wireguard_up{interface="wg1"} 0\n')
    const later = await textOf(url)
    expect(later).toContain('wireguard_read_errors_total{interface="wg1",code="ETIMEDOUT"} 1')
  })

  it('gives up what it reads when it is stopped', async () => {
    const { url, backend, warnings } = await serve({ devices: ['wg1'] })
    hang(backend, 'wg1')
    const asked = textOf(url)
    await vi.waitFor(() => expect(backend.device).toHaveBeenCalled())
    await Promise.all([exporter.stop(), expect(asked).rejects.toThrow()])
    await wg.close()
    expect(warnings).toEqual([])
  })

  it('says 400 to what is no path, and goes on', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    for (const target of ['//', 'http://', '/\\\\[', 'http://[/metrics']) {
      expect(
        await rawly(port, `GET ${target} HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n`),
        target,
      ).toMatch(/^HTTP\/1.1 (400|404) /)
    }
    for (const bytes of [
      '\0\0\0',
      'GET\r\n\r\n',
      'GET /metrics HTTP/9.9\r\n\r\n',
      '\x16\x03\x01\r\n\r\n',
    ]) {
      expect(await rawly(port, bytes), JSON.stringify(bytes)).toMatch(/^HTTP\/1.1 400 /)
    }
    expect(await rawly(port, `GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/ 431 /)
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })

  it('answers one request of a connection at a time', async () => {
    const { url, read } = await serve()
    const { port } = new URL(url)
    const request = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await rawly(port, request.repeat(3000))
    expect(answer.match(/^HTTP\/1.1 200 /gm)).toHaveLength(1)
    expect(answer).toMatch(/HTTP\/1.1 503 /)
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('makes no requests of those of which somebody sends thousands at once', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    const made = vi.fn()
    subscribe('http.server.request.start', made)
    onTestFinished(() => void unsubscribe('http.server.request.start', made))
    const request = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
    await Promise.all(Array.from({ length: 10 }, () => rawly(port, request.repeat(3000))))
    // A few of each of the pieces that were read until the connection was closed.
    expect(made.mock.calls.length).toBeLessThan(200)
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })

  it('says so of a header that is too long, and of what is no request', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    expect(await rawly(port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    )
    expect(await rawly(port, 'GET \x00\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  })

  it('makes room for a new connection by the one that was silent for longest', async () => {
    const { url } = await serve()
    const port = Number(new URL(url).port)
    const silent = Array.from({ length: 300 }, () =>
      connect(port, '127.0.0.1').on('error', () => {}),
    )
    const closed = Promise.all(silent.slice(0, 40).map((socket) => once(socket, 'close')))
    await Promise.all(silent.map((socket) => once(socket, 'connect')))
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    await closed
    for (const socket of silent) socket.destroy()
  })

  it('answers nothing else', async () => {
    const { url } = await serve()
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${url}/other`)).status).toBe(404)
    expect((await fetch(`${url}/metrics?x=1`, { method: 'HEAD' })).status).toBe(200)
  })

  it('fails to start where the address is taken', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    const first = exporter
    await expect(serve({ listen: { host: '127.0.0.1', port: Number(port) } })).rejects.toThrow(
      'EADDRINUSE',
    )
    await exporter.stop()
    exporter = first
  })
})

describe('PeerMetrics', () => {
  it('has the time of the last handshake and its age', async () => {
    const metrics = new PeerMetrics({
      hasRemoteLabels: false,
      hasHandshakeDelay: true,
      nameOf: () => undefined,
      now: () => 1_700_000_012_900,
    })
    const peer = {
      publicKey: PEER,
      persistentKeepalive: 0,
      lastHandshake: new Date(1_700_000_000_123),
      receivedBytes: 7,
      transmittedBytes: 2 ** 50,
      allowedIPs: [],
      protocolVersion: 1,
    }
    const device = { name: 'wg0', kind: 'userspace', listenPort: 0, firewallMark: 0 } as const
    metrics.set([{ ...device, peers: [peer] }], [])
    const text = await metrics.registry.metrics()
    const labels = `interface="wg0",public_key="${PEER}",allowed_ips="(none)"`
    expect(text).toContain(`wireguard_latest_handshake_seconds{${labels}} 1700000000\n`)
    expect(text).toContain(`wireguard_latest_handshake_delay_seconds{${labels}} 12\n`)
    expect(text).toContain(`wireguard_received_bytes_total{${labels}} 7\n`)
    expect(text).toContain(`wireguard_sent_bytes_total{${labels}} ${2 ** 50}\n`)
  })
})
