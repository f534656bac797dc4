import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { uniqueName } from './harness.js'
import { ip, isolate } from './harnesses/isolation.js'
import { expectOldPortToAnswer } from './refused-port.js'
import { keyPair } from './samples.js'

beforeAll(isolate)

it('reaches a peer whose IPv4 address is given as a socket for both families shows it', async () => {
  const wg = new UserspaceBackend()
  const names = [uniqueName(), uniqueName()] as const
  const ports: number[] = []
  for (const [index, name] of names.entries()) {
    await wg.create(name)
    onTestFinished(() => wg.delete(name))
    await wg.configure(name, { privateKey: keyPair(index + 1).privateKey })
    await ip('link', 'set', name, 'up')
    ports.push((await wg.device(name)).listenPort)
  }
  await wg.configure(names[1], { peers: [{ publicKey: keyPair(1).publicKey }] })
  const endpoint = `[::ffff:127.0.0.1]:${ports[1]}`
  const peers = [{ publicKey: keyPair(2).publicKey, endpoint, persistentKeepalive: 1 }]
  await wg.configure(names[0], { peers })
  await vi.waitFor(async () => {
    const [peer] = (await wg.device(names[0])).peers
    expect(peer?.lastHandshake).toBeInstanceOf(Date)
  }, 30_000)
})

it('answers a handshake on its old port when another is refused', () =>
  expectOldPortToAnswer(() => new UserspaceBackend()))
