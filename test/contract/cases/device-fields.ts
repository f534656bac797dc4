import { SecretKey } from '@wgctrl/types'
import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { freePort } from '../ports.js'
import { barePeer, keyPair, peerKey } from '../samples.js'

export function deviceFields(bench: Bench): void {
  const { traits } = bench
  const pair = keyPair(1)
  const bytes = Buffer.from(pair.privateKey, 'base64')

  const portOf = async (name: string): Promise<number> => (await bench.wg.device(name)).listenPort

  /** What a device with a key shows of it. */
  const shown = ({ privateKey, publicKey }: typeof pair) => ({
    publicKey,
    ...(traits.showsPrivateKey && { privateKey }),
  })

  it('keeps and shows keys that have no field, or refuses them', async () => {
    const name = await bench.newDevice({ peers: [{ publicKey: peerKey(1) }] })
    const configs = [
      { extra: { later: '1', several: ['a', 'b'] } },
      { peers: [{ publicKey: peerKey(1), extra: { mark: '7' } }] },
    ]
    for (const config of configs) {
      if (traits.extra === 'kept') await bench.wg.configure(name, config)
      else expect(await bench.refusal(name, config)).toMatchObject({ code: traits.extra })
    }
    const { extra, peers } = await bench.read(name)
    const isKept = traits.extra === 'kept'
    expect(extra).toEqual(isKept ? { later: '1', several: ['a', 'b'] } : undefined)
    expect(peers).toEqual([{ ...barePeer(peerKey(1)), ...(isKept && { extra: { mark: '7' } }) }])
  })

  it('changes nothing with an empty config', async () => {
    const name = await bench.newDevice({
      privateKey: pair.privateKey,
      listenPort: await freePort(),
      firewallMark: 7,
      peers: [{ publicKey: peerKey(1), persistentKeepalive: 9 }],
    })
    const before = await bench.read(name)
    for (const nothing of [{}, { peers: [] }, { replacePeers: false, privateKey: undefined }]) {
      await bench.wg.configure(name, nothing)
      expect(await bench.read(name)).toEqual(before)
    }
  })

  it('sets all fields in one config', async () => {
    const listenPort = await freePort()
    const name = await bench.newDevice({
      privateKey: pair.privateKey,
      listenPort,
      firewallMark: 0xca6c,
      replacePeers: true,
      peers: [{ publicKey: peerKey(1) }],
    })
    const { interfaceIndex: _, ...device } = await bench.read(name)
    expect(device).toEqual({
      name,
      kind: traits.kind,
      ...shown(pair),
      listenPort,
      firewallMark: 0xca6c,
      peers: [barePeer(peerKey(1))],
    })
  })

  it.each([
    ['text', pair.privateKey],
    ['bytes', bytes],
    ['a secret', SecretKey.from(pair.privateKey)],
  ])('sets a private key given as %s', async (_, privateKey) => {
    const name = await bench.newDevice({ privateKey })
    expect(await bench.read(name)).toMatchObject(shown(pair))
    expect(SecretKey.from(privateKey).toBase64(), 'the input is left alone').toBe(pair.privateKey)
  })

  it('leaves, changes and clears the private key', async () => {
    const name = await bench.newDevice({ privateKey: pair.privateKey })
    await bench.wg.configure(name, { firewallMark: 1, peers: [{ publicKey: peerKey(1) }] })
    expect(await bench.read(name)).toMatchObject(shown(pair))
    await bench.wg.configure(name, { privateKey: keyPair(2).privateKey })
    expect(await bench.read(name)).toMatchObject(shown(keyPair(2)))
    await bench.wg.configure(name, { privateKey: null })
    const cleared = await bench.read(name)
    expect(cleared).not.toHaveProperty('privateKey')
    expect(cleared).not.toHaveProperty('publicKey')
    expect(cleared.peers, 'peers stay').toEqual([barePeer(peerKey(1))])
  })

  it('clears the private key with 32 zero bytes', async () => {
    const name = await bench.newDevice({ privateKey: pair.privateKey })
    await bench.wg.configure(name, { privateKey: new Uint8Array(32) })
    expect(await bench.read(name)).not.toHaveProperty('publicKey')
  })

  it('gives a private key back clamped', async () => {
    const loose = Buffer.from(bytes)
    loose[0] = (loose[0] as number) | 7
    loose[31] = (loose[31] as number) | 128
    const name = await bench.newDevice({ privateKey: loose })
    expect(await bench.read(name)).toMatchObject(shown(pair))
  })

  it('drops the peer whose key becomes the own one', async () => {
    const peers = [{ publicKey: pair.publicKey }, { publicKey: peerKey(1) }]
    const name = await bench.newDevice({ peers })
    await bench.wg.configure(name, { privateKey: pair.privateKey })
    expect((await bench.read(name)).peers).toEqual([barePeer(peerKey(1))])
  })

  it('sets, leaves and changes the port', async () => {
    const first = await freePort()
    const second = await freePort()
    const name = await bench.newDevice({ listenPort: first })
    expect(await portOf(name)).toBe(first)
    await bench.wg.configure(name, { firewallMark: 1 })
    expect(await portOf(name)).toBe(first)
    await bench.wg.configure(name, { listenPort: second })
    expect(await portOf(name)).toBe(second)
    await bench.wg.configure(name, { listenPort: second })
    expect(await portOf(name)).toBe(second)
  })

  it('takes any port for 0', async () => {
    const port = await freePort()
    const name = await bench.newDevice({ listenPort: port })
    await bench.wg.configure(name, { listenPort: 0 })
    const chosen = await portOf(name)
    expect(chosen).not.toBe(port)
    expect(chosen > 0).toBe(traits.bindsPorts)
  })

  it('takes a high port', async () => {
    const listenPort = 65535 - (process.pid % 4000)
    const name = await bench.newDevice({ listenPort })
    expect(await portOf(name)).toBe(listenPort)
  })

  it.each([1, 0x7fffffff, 0x80000000, 0xffffffff])('sets the mark %i', async (firewallMark) => {
    const name = await bench.newDevice({ firewallMark })
    expect(await bench.read(name)).toMatchObject({ firewallMark })
  })

  it.each([null, 0])('leaves the mark and clears it with %s', async (firewallMark) => {
    const name = await bench.newDevice({ firewallMark: 5 })
    await bench.wg.configure(name, { peers: [{ publicKey: peerKey(1) }] })
    expect(await bench.read(name)).toMatchObject({ firewallMark: 5 })
    await bench.wg.configure(name, { firewallMark })
    expect(await bench.read(name)).toMatchObject({ firewallMark: 0 })
  })
}
