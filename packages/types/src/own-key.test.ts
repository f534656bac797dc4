import { describe, expect, it, vi } from 'vitest'
import { checkConfig } from './checked-config.js'
import type { DeviceConfig } from './config.js'
import { formatPublicKey, generatePrivateKey, publicKey } from './key.js'
import { OwnKeys } from './own-key.js'

const privateKey = generatePrivateKey()
const own = publicKey(privateKey)
const other = formatPublicKey(new Uint8Array(32).fill(1))

/** A device whose public key can be changed behind the back of `keys`. */
function remembered() {
  const keys = new OwnKeys()
  const read = vi.fn<() => Promise<string | undefined>>(async () => own)
  const refuse = (config: DeviceConfig): Promise<void> =>
    keys.refuse('wg0', checkConfig(config), read)
  return { keys, read, refuse }
}

const withPeer = (key: string): DeviceConfig => ({ peers: [{ publicKey: key }] })
const refusal = { code: 'EINVAL', path: 'peers[0].publicKey' }

describe('OwnKeys', () => {
  it('refuses the key of the device', async () => {
    const { refuse } = remembered()
    await expect(refuse(withPeer(own))).rejects.toMatchObject(refusal)
  })

  it('asks the device once', async () => {
    const { read, refuse } = remembered()
    await refuse(withPeer(other))
    await refuse(withPeer(other))
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('asks again before it refuses: the key may have changed', async () => {
    const { read, refuse } = remembered()
    await refuse(withPeer(other))
    read.mockResolvedValue(other)
    await refuse(withPeer(own))
    expect(read).toHaveBeenCalledTimes(2)
    await expect(refuse(withPeer(other))).rejects.toMatchObject(refusal)
  })

  it.each<[string, DeviceConfig]>([
    ['no peers', { listenPort: 1 }],
    ['a peer to remove', { peers: [{ publicKey: own, remove: true }] }],
    ['a new private key', { privateKey: generatePrivateKey(), ...withPeer(own) }],
    ['no private key', { privateKey: null, ...withPeer(own) }],
  ])('asks nothing for %s', async (_, config) => {
    const { read, refuse } = remembered()
    await refuse(config)
    expect(read).not.toHaveBeenCalled()
  })

  it('takes any peer of a device without key, and asks once', async () => {
    const { read, refuse } = remembered()
    read.mockResolvedValue(undefined)
    await refuse(withPeer(own))
    await refuse(withPeer(own))
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('learns a key that is set and one that is cleared', async () => {
    const { keys, read, refuse } = remembered()
    keys.learn('wg0', checkConfig({ privateKey }))
    await refuse(withPeer(other))
    expect(read).not.toHaveBeenCalled()
    await expect(refuse(withPeer(own))).rejects.toMatchObject(refusal)
    keys.learn('wg0', checkConfig({ privateKey: null }))
    read.mockClear()
    await refuse(withPeer(own))
    expect(read).not.toHaveBeenCalled()
  })

  it('learns nothing from a config without key', async () => {
    const { keys, read, refuse } = remembered()
    keys.learn('wg0', checkConfig({}))
    await refuse(withPeer(other))
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('forgets a device, and keeps devices apart', async () => {
    const { keys, read, refuse } = remembered()
    await refuse(withPeer(other))
    await keys.refuse('wg1', checkConfig(withPeer(own)), async () => undefined)
    keys.forget('wg0')
    await refuse(withPeer(other))
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('passes on why the device could not be asked', async () => {
    const { read, refuse } = remembered()
    read.mockRejectedValueOnce(new Error('gone'))
    await expect(refuse(withPeer(other))).rejects.toThrow('gone')
    await expect(refuse(withPeer(own))).rejects.toMatchObject(refusal)
  })
})
