import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { open, UserspaceBackend } from 'wgctrl'
import { uniqueName } from './harness.js'
import { ip, isolate } from './harnesses/isolation.js'
import { freePort } from './ports.js'
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

it('reaches a link-local peer by the index of its link, and finds it the same by its name', async () => {
  const netns = uniqueName()
  await ip('netns', 'add', netns)
  onTestFinished(async () => void (await ip('netns', 'delete', netns)))
  await ip('link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', netns)
  onTestFinished(async () => void (await ip('link', 'delete', 'cable')))
  const [{ ifindex }] = JSON.parse(await ip('-json', 'link', 'show', 'cable'))
  await using wg = await open({ backends: ['userspace'] })
  const names = [uniqueName(), uniqueName()] as const
  const port = await freePort()
  for (const [index, name] of names.entries()) {
    const place = index === 0 ? [] : ['-n', netns]
    await ip(...place, 'address', 'add', `fe80::${index + 1}/64`, 'dev', 'cable', 'nodad')
    await ip(...place, 'link', 'set', 'cable', 'up')
    await wg.create(name, index === 0 ? {} : { netns })
    onTestFinished(() => new UserspaceBackend().delete(name))
    const { privateKey } = keyPair(index + 1)
    const peers = [{ publicKey: keyPair(2 - index).publicKey }]
    await wg.configure(name, { privateKey, listenPort: port, peers })
    await ip(...place, 'link', 'set', name, 'up')
  }
  const { publicKey } = keyPair(2)
  const reached = (scopeId: number | string) => {
    const endpoint = { address: 'fe80::2', port, family: 6 as const, scopeId }
    return { peers: [{ publicKey, endpoint, persistentKeepalive: 1 }] }
  }
  await wg.configure(names[0], reached(ifindex))
  await vi.waitFor(async () => {
    const [peer] = (await wg.device(names[0])).peers
    expect(peer?.lastHandshake).toBeInstanceOf(Date)
  }, 30_000)
  for (const scopeId of [ifindex, 'cable']) {
    expect(await wg.sync(names[0], reached(scopeId), { dryRun: true })).toEqual([])
  }
})
