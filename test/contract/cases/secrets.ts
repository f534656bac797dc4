import { inspect } from 'node:util'
import { SecretKey } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type Bench, failure } from '../bench.js'
import { takenPort } from '../ports.js'
import { keyPair, peerKey, secret } from '../samples.js'

export function secrets(bench: Bench): void {
  const { privateKey } = keyPair(1)
  const config = {
    privateKey,
    peers: [{ publicKey: peerKey(1), presharedKey: secret(1) }],
  }
  const deep = { depth: null, showHidden: true, customInspect: true } as const

  const expectHidden = (text: string): void => {
    for (const key of [privateKey, secret(1)]) {
      const bytes = Buffer.from(key, 'base64')
      for (const form of [key.slice(0, 43), bytes.toString('hex'), bytes.join(', ')]) {
        expect(text).not.toContain(form)
      }
    }
  }

  it('of a device are not shown', async () => {
    const name = await bench.newDevice(config)
    const device = await bench.wg.device(name)
    const [streamed] = await bench.stream(name)
    expect(streamed?.presharedKey?.toBase64()).toBe(secret(1))
    for (const value of [device, streamed, { nested: [device] }]) {
      expectHidden(inspect(value, deep))
      expectHidden(inspect(value, { ...deep, customInspect: false }))
      expectHidden(JSON.stringify(value))
      expectHidden(`${inspect(new Error('wrapped', { cause: value }), deep)}`)
    }
    expect(inspect(device, deep)).toContain('(hidden)')
  })

  it('are not in errors', async () => {
    await using taken = await takenPort()
    const name = await bench.newDevice()
    const absent = keyPair(1).publicKey
    const errors = [
      await failure(bench.wg.configure('no-such-device', config)),
      await failure(bench.wg.configure(name, { ...config, firewallMark: -1 })),
      await failure(
        bench.wg.configure(name, {
          ...config,
          peers: [...config.peers, { publicKey: absent }],
        }),
      ),
      await failure(bench.wg.configure(name, { ...config, privateKey: `${privateKey}x` })),
      await bench.wg
        .configure(name, { ...config, listenPort: taken.port })
        .catch((error: unknown) => error),
    ]
    for (const error of errors) {
      expectHidden(inspect(error, deep))
      expectHidden(JSON.stringify(error) ?? '')
      expectHidden(error instanceof Error ? `${error.stack} ${error.message}` : '')
    }
  })

  it('given as SecretKey stay usable', async () => {
    const key = SecretKey.from(privateKey)
    const presharedKey = SecretKey.from(secret(1))
    const change = { privateKey: key, peers: [{ publicKey: peerKey(1), presharedKey }] }
    const name = await bench.newDevice(change)
    await bench.wg.configure(name, change)
    expect([key.toBase64(), presharedKey.toBase64()]).toEqual([privateKey, secret(1)])
  })
}
