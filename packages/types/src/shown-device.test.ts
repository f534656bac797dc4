import { deepStrictEqual } from 'node:assert/strict'
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { checkConfig } from './checked-config.js'
import type { Device } from './device.js'
import { generatePrivateKey, publicKey } from './key.js'
import { FakeDevice } from './testing/fake-device.js'

const peer = publicKey(generatePrivateKey())

function reading(): Device {
  const device = new FakeDevice('wg0', 'userspace')
  const endpoint = '192.0.2.1:51820'
  const peers = [{ publicKey: peer, endpoint, allowedIPs: ['10.8.0.2/32'] }]
  device.apply(checkConfig({ privateKey: generatePrivateKey(), peers }))
  return device.snapshot()
}

it.each([
  ['a device', (device: Device) => device],
  ['a list of them', (device: Device) => [device]],
  ['an object with one', (device: Device) => ({ device })],
])('%s shows endpoints and networks, and no secret', (_, within) => {
  const text = inspect(within(reading()))
  expect(text).toContain("address: '192.0.2.1', port: 51820")
  expect(text).toContain("allowedIPs: [ '10.8.0.2/32' ]")
  expect(text).toContain('privateKey: SecretKey (hidden)')
  expect(text).not.toContain('inspect.custom')
})

it('keeps the limits that whoever shows it sets', () => {
  expect(inspect({ a: { b: { c: reading() } } })).toContain('c: [Device]')
  expect(inspect(reading(), { maxArrayLength: 0 })).toContain('... 1 more item')
  expect(inspect(reading(), { depth: null })).toContain('192.0.2.1')
})

it('stays plain data', () => {
  const device = reading()
  const { privateKey, ...rest } = device
  expect(Object.getPrototypeOf(device)).toBe(Object.prototype)
  expect(Reflect.ownKeys({ ...device })).toEqual(Object.keys(device))
  expect(device).toStrictEqual({ privateKey, ...rest })
  deepStrictEqual(device, { ...device })
  expect(structuredClone(device)).toEqual({ ...rest, privateKey: {} })
  expect(JSON.parse(JSON.stringify(device))).toEqual({ ...rest, privateKey: '(hidden)' })
})
