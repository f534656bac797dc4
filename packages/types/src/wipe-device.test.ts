import { expect, it } from 'vitest'
import type { Device } from './device.js'
import { SecretKey } from './key.js'
import { wipeDevice, wipeOwnKeys, withoutOwnKeys } from './wipe-device.js'

const WIPED = 'the secret was wiped'

function device() {
  const [privateKey, headerProtectionKey, presharedKey] = [1, 2, 3].map((byte) =>
    SecretKey.from(Buffer.alloc(32, byte)),
  ) as [SecretKey, SecretKey, SecretKey]
  const amnezia = { jc: 4, headerProtectionKey }
  const read = { privateKey, amnezia, peers: [{ presharedKey }] } as unknown as Device
  return { read, own: [privateKey, headerProtectionKey], presharedKey }
}

it('wipes what a device keeps secret for itself, and not what its peers have', () => {
  const { read, own, presharedKey } = device()
  wipeOwnKeys(read)
  for (const key of own) expect(() => key.toBytes()).toThrow(WIPED)
  expect(presharedKey.toBytes()[0]).toBe(3)
  wipeDevice(read)
  expect(() => presharedKey.toBytes()).toThrow(WIPED)
})

it('leaves the own keys of a device out, and all else in', () => {
  const { read, own } = device()
  expect(withoutOwnKeys(read)).toEqual({ amnezia: { jc: 4 }, peers: read.peers })
  expect(own.map((key) => key.toBytes()[0])).toEqual([1, 2])
})
