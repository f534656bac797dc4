import { type Device, generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it } from 'vitest'
import { diffDevice, open, parseConfig, showConfig, syncDevice, updateConfig } from './index.js'

const peer = publicKey(generatePrivateKey())

async function deviceWith(secrets: { privateKey?: boolean; presharedKey?: boolean }) {
  const backend = new MemoryBackend()
  await backend.create('wg0')
  await backend.configure('wg0', {
    ...(secrets.privateKey && { privateKey: generatePrivateKey() }),
    peers: [
      { publicKey: peer, ...(secrets.presharedKey && { presharedKey: generatePresharedKey() }) },
    ],
  })
  return { backend, device: await backend.device('wg0') }
}

describe('a reading that lost its secrets on the way', () => {
  const uses: Record<string, (device: Device) => unknown> = {
    showConfig: (device) => showConfig(device),
    updateConfig: (device) => updateConfig(parseConfig('[Interface]\n'), device),
    diffDevice: (device) => diffDevice(device, {}),
  }
  const ways: [string, (device: Device) => unknown, string][] = [
    ['a structured clone', structuredClone, 'a structured clone loses them'],
    ['JSON', (device) => JSON.parse(JSON.stringify(device)), 'must be a SecretKey'],
  ]
  const cases = Object.entries(uses).flatMap(([name, use]) =>
    ways.map(([how, send, problem]) => [how, name, send, use, problem] as const),
  )

  it.each(cases)('by %s, is refused by %s', async (_how, _name, send, use, problem) => {
    for (const [secrets, path] of [
      [{ privateKey: true }, 'privateKey'],
      [{ presharedKey: true }, 'peers[0].presharedKey'],
    ] as const) {
      const { device } = await deviceWith(secrets)
      const refusal = { code: 'EINVAL', message: expect.stringContaining(problem) }
      expect(() => use(send(device) as Device)).toThrow(
        expect.objectContaining({ ...refusal, path: expect.stringContaining(path) }),
      )
    }
    const { device } = await deviceWith({})
    expect(() => use(send(device) as Device)).not.toThrow()
  })

  it.each(Object.entries(uses))('what is none is refused by %s', (_, use) => {
    for (const none of [null, undefined, 5, {}, []]) {
      expect(() => use(none as never)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    }
  })
})

it('an empty list, or nothing, for a config is refused, not taken for one without peers', async () => {
  const { backend } = await deviceWith({})
  const wg = await open({ backends: [backend] })
  for (const none of [[], null, undefined, 'x']) {
    const refusal = { code: 'EINVAL', path: 'config' }
    await expect(wg.sync('wg0', none as never)).rejects.toMatchObject(refusal)
    await expect(syncDevice(backend, 'wg0', none as never)).rejects.toMatchObject(refusal)
    await expect(wg.configure('wg0', none as never)).rejects.toMatchObject(refusal)
  }
  expect((await wg.device('wg0')).peers).toHaveLength(1)
  await wg.close()
})
