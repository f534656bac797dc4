import { afterEach, describe, expect, it, vi } from 'vitest'
import type { WatchEvent } from '../../packages/wireguard/src/watch/events.js'
import { ip } from '../contract/harnesses/isolation.js'
import { eventually, hearEvents, presentBy } from './hearing.js'
import { isKernel } from './sizes.js'
import { PORT, Stage } from './stage.js'

let stage: Stage

afterEach(async () => {
  await stage.live.close()
  await stage[Symbol.asyncDispose]()
})

describe('watch on real devices', () => {
  it('tells the story of a tunnel', async () => {
    stage = await Stage.open()
    await stage.addClients(1)
    const [client] = stage.clients
    const heard = await hearEvents(stage)
    if (!client) return
    await stage.backend.configure(stage.device, {
      peers: [{ publicKey: client.publicKey, ...stage.peerOf(client.publicKey) }],
    })
    const told = (type: WatchEvent['type']): void =>
      expect(heard).toContainEqual(expect.objectContaining({ type, device: stage.device }))
    await vi.waitFor(() => told('peer-added'), eventually)
    expect(await client.ping(60)).toBeDefined()
    await vi.waitFor(() => {
      for (const type of ['peer-roamed', 'peer-handshake', 'peer-transfer'] as const) told(type)
    }, eventually)
    expect(heard.find((event) => event.type === 'peer-roamed')).toMatchObject({
      endpoint: { address: client.outerAddress },
    })
    await stage.backend.configure(stage.device, {
      listenPort: PORT + 1,
      peers: [{ publicKey: client.publicKey, remove: true }],
    })
    await vi.waitFor(() => {
      const types = heard.map((event) => event.type)
      expect(types).toContain('device-changed')
      expect(types).toContain('peer-removed')
    }, eventually)
  })

  it('tells of links that are switched off and on', async () => {
    stage = await Stage.open()
    const heard = await hearEvents(stage)
    await ip('link', 'set', stage.device, 'down')
    await vi.waitFor(() => {
      expect(heard).toContainEqual({ type: 'device-down', device: stage.device })
    }, eventually)
    await ip('link', 'set', stage.device, 'up')
    await vi.waitFor(() => {
      expect(heard).toContainEqual({ type: 'device-up', device: stage.device })
    }, eventually)
  })

  it('tells of new names, where the name is the link and not the socket', async () => {
    stage = await Stage.open()
    const heard = await hearEvents(stage)
    await stage.backend.create?.('wgold')
    await vi.waitFor(() => expect(presentBy(heard).devices).toContain('wgold'), eventually)
    await ip('link', 'set', 'wgold', 'name', 'wgnew')
    if (isKernel) {
      await vi.waitFor(() => {
        expect(heard).toContainEqual({ type: 'device-renamed', device: 'wgnew', from: 'wgold' })
      }, eventually)
    } else {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      // Its port may still be told of: a daemon binds it after its socket is there.
      const told = heard.filter((event) => !('device' in event && event.device === stage.device))
      const types = told.map(({ type }) => type)
      expect(types.filter((type) => type !== 'device-changed')).toEqual(['device-added'])
    }
    await stage.backend.delete?.(isKernel ? 'wgnew' : 'wgold')
  })
})
