import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { MemoryBackend } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open } from './index.js'

async function client() {
  const backend = new MemoryBackend()
  const wg = await open({ backends: [backend] })
  onTestFinished(() => wg.close())
  return wg
}

const invalidAt = (path: string) => expect.objectContaining({ code: 'EINVAL', path })

describe('freeName', () => {
  it('has the lowest number that no device has', async () => {
    const wg = await client()
    for (const name of ['tun0', 'tun1', 'tun3']) await wg.create(name)
    expect(await wg.freeName({ prefix: 'tun' })).toBe('tun2')
  })

  it('knows how long a name can be', async () => {
    const wg = await client()
    const prefix = 'fourteenletter'
    for (let number = 0; number < 10; number++) await wg.create(`${prefix}${number}`)
    await expect(wg.freeName({ prefix })).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(wg.freeName({ prefix: '../' })).rejects.toEqual(invalidAt('options.prefix'))
    await expect(wg.freeName({ name: 'wg' } as object)).rejects.toEqual(invalidAt('options.name'))
  })
})

describe('freePort', () => {
  it.each([
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const)('passes over what sockets of %s and devices have', async (type, address) => {
    const socket = createSocket(type)
    onTestFinished(() => void socket.close())
    socket.bind(0, address)
    await once(socket, 'listening')
    const { port } = socket.address()
    const wg = await client()
    await wg.create('wg0')
    await wg.configure('wg0', { listenPort: port + 1 })
    expect(await wg.freePort({ from: port })).toBeGreaterThanOrEqual(port + 2)
    await wg.configure('wg0', { listenPort: 0 })
  })

  it('refuses what is no port, and knows the last', async () => {
    const wg = await client()
    await expect(wg.freePort({ from: 0 })).rejects.toEqual(invalidAt('options.from'))
    await expect(wg.freePort({ from: 65536 })).rejects.toEqual(invalidAt('options.from'))
    await wg.create('wg0')
    await wg.configure('wg0', { listenPort: 65535 })
    await expect(wg.freePort({ from: 65535 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
