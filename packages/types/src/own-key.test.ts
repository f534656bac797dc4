import { describe, expect, it, vi } from 'vitest'
import { checkConfig } from './checked-config.js'
import type { DeviceConfig } from './config.js'
import { formatPublicKey, generatePrivateKey, publicKey } from './key.js'
import { keysOf, refuseKeyOfDevice } from './own-key.js'

const own = publicKey(generatePrivateKey())
const other = formatPublicKey(new Uint8Array(32).fill(1))

/** A device whose key can be changed behind one's back. */
function device() {
  const read = vi.fn<() => Promise<string | undefined>>(async () => own)
  const refuse = (config: DeviceConfig, known?: string | null): Promise<void> =>
    refuseKeyOfDevice(keysOf(checkConfig(config)), read, known)
  return { read, refuse }
}

const withPeer = (key: string): DeviceConfig => ({ peers: [{ publicKey: key }] })
const refusal = { code: 'EINVAL', path: 'peers[0].publicKey' }

describe('refuseKeyOfDevice', () => {
  it('refuses the key of the device, and no other', async () => {
    const { refuse } = device()
    await expect(refuse(withPeer(own))).rejects.toMatchObject(refusal)
    await expect(refuse(withPeer(other))).resolves.toBeUndefined()
  })

  it('asks the device each time: the key may have changed', async () => {
    const { read, refuse } = device()
    await refuse(withPeer(other))
    read.mockResolvedValue(other)
    await expect(refuse(withPeer(other))).rejects.toMatchObject(refusal)
    await expect(refuse(withPeer(own))).resolves.toBeUndefined()
  })

  it('goes by what the caller has read, and asks nothing', async () => {
    const { read, refuse } = device()
    await expect(refuse(withPeer(other), other)).rejects.toMatchObject(refusal)
    await expect(refuse(withPeer(own), null)).resolves.toBeUndefined()
    expect(read).not.toHaveBeenCalled()
  })

  it('takes any peer of a device without key', async () => {
    const { read, refuse } = device()
    read.mockResolvedValue(undefined)
    await expect(refuse(withPeer(own))).resolves.toBeUndefined()
  })

  it.each<[string, DeviceConfig]>([
    ['no peers', { listenPort: 1 }],
    ['a peer to remove', { peers: [{ publicKey: own, remove: true }] }],
    ['a new private key', { privateKey: generatePrivateKey(), ...withPeer(own) }],
    ['no private key', { privateKey: null, ...withPeer(own) }],
  ])('asks nothing for %s', async (_, config) => {
    const { read, refuse } = device()
    await refuse(config)
    expect(read).not.toHaveBeenCalled()
  })

  it('passes on why the device could not be asked', async () => {
    const { read, refuse } = device()
    read.mockRejectedValueOnce(new Error('gone'))
    await expect(refuse(withPeer(other))).rejects.toThrow('gone')
  })
})
