import { afterAll, beforeAll, expect, it } from 'vitest'
import { makePair, type Pair } from './pair.js'
import { start, wgctrl } from './program.js'

let pair: Pair

beforeAll(async () => {
  pair = await makePair()
})

afterAll(() => pair[Symbol.asyncDispose]())

it('wgctrl metrics serves what real devices count, and no secret', async () => {
  await pair.shakeHands()
  const { alice, bob } = pair
  const exporter = start([
    'metrics',
    '--listen',
    '127.0.0.1:0',
    '--max-age',
    '0',
    '--remote-labels',
  ])
  const [, url = ''] = await exporter.says(/(http:\S+\/metrics)/, 'err')
  const read = async (): Promise<string> => (await fetch(url)).text()
  const sampleOf = (text: string, name: string): number => {
    const line = text
      .split('\n')
      .find((one) => one.startsWith(`${name}{interface="${alice.device}"`))
    expect(line).toContain(`public_key="${bob.publicKey}"`)
    expect(line).toContain(`remote_ip="127.0.0.1",remote_port="${bob.port}"`)
    return Number(line?.split(' ').at(-1))
  }
  let text = await read()
  for (
    let tries = 0;
    tries < 600 && sampleOf(text, 'wireguard_received_bytes_total') === 0;
    tries++
  ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    text = await read()
  }
  const { peers } = await pair.backend.device(alice.device)
  const [peer] = peers
  const received = sampleOf(text, 'wireguard_received_bytes_total')
  expect(received).toBeGreaterThan(0)
  expect(received).toBeLessThanOrEqual(peer?.receivedBytes ?? 0)
  expect(sampleOf(text, 'wireguard_sent_bytes_total')).toBeGreaterThan(0)
  const shaken = (peer?.lastHandshake?.getTime() ?? 0) / 1000
  expect(Math.abs(sampleOf(text, 'wireguard_latest_handshake_seconds') - shaken)).toBeLessThan(30)
  expect(text).toContain(`interface="${bob.device}"`)
  for (const secret of pair.secrets) expect(text + exporter.err).not.toContain(secret)
  exporter.kill('SIGTERM')
  expect(await exporter.status()).toBe(0)
})

it('wgctrl metrics refuses addresses and ages that are none', async () => {
  for (const args of [
    ['--listen', '9586'],
    ['--max-age', '-1'],
    ['--max-age', 'x'],
  ]) {
    const { status, err } = await wgctrl('metrics', ...args)
    expect(status).toBe(1)
    expect(err).toContain(`wgctrl metrics: ${args[0]}: expected`)
  }
})
