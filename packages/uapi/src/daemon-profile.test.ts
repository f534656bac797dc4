import { join } from 'node:path'
import { checkConfig, type DeviceConfig, formatPublicKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DaemonProfile } from './daemon-profile.js'
import { BORINGTUN, type Profile, WIREGUARD_GO } from './profile.js'
import { serve, temporaryDirectory } from './sockets.fixture.js'
import { type FakeImplementation, FakeUapiServer } from './testing/index.js'

const never = new AbortController().signal
const A = formatPublicKey(Buffer.alloc(32, 1))
const privateKey = Buffer.alloc(32, 2)

const ADD: DeviceConfig = { peers: [{ publicKey: A, allowedIPs: ['10.0.0.1'] }] }
const UPDATE: DeviceConfig = { peers: [{ publicKey: A, updateOnly: true }] }
const TAKE: DeviceConfig = {
  peers: [{ publicKey: A, allowedIPs: [{ cidr: '10.0.0.1', remove: true }] }],
}

async function listen(
  implementation: FakeImplementation,
  config: DeviceConfig = {},
): Promise<{ fake: FakeUapiServer; profile: DaemonProfile }> {
  const path = join(await temporaryDirectory(), 'wg0.sock')
  const device = new FakeDevice('wg0')
  device.apply(checkConfig(config))
  const fake = await FakeUapiServer.listen(path, device, implementation)
  onTestFinished(() => fake[Symbol.asyncDispose]())
  return { fake, profile: new DaemonProfile(path) }
}

const profileFor = (profile: DaemonProfile, config: DeviceConfig): Promise<Profile> =>
  profile.for(checkConfig(config), never)

describe.each([{ privateKey }, {}])('of a device with %o', (config) => {
  it.each([
    ['wireguard-go', WIREGUARD_GO],
    ['wireguard-go-2022', { ...WIREGUARD_GO, removesAllowedIPs: false }],
    ['boringtun', BORINGTUN],
  ] as const)('%s is found out', async (implementation, expected) => {
    const { fake, profile } = await listen(implementation, config)
    expect(await profileFor(profile, TAKE)).toEqual(expected)
    const asked = fake.requests.length
    for (const again of [ADD, UPDATE, TAKE]) await profileFor(profile, again)
    // The very first update_only of a wireguard-go that showed its key is tried then.
    expect(fake.requests.length - asked).toBeLessThanOrEqual(1)
    const after = fake.requests.length
    for (const again of [ADD, UPDATE, TAKE]) await profileFor(profile, again)
    expect(fake.requests.length).toBe(after)
    expect(fake.device.snapshot().peers).toEqual([])
  })
})

it('asks nothing for a config without peers', async () => {
  const { fake, profile } = await listen('boringtun', { privateKey })
  await profileFor(profile, { listenPort: 1 })
  expect(fake.requests).toEqual([])
})

it('asks who it is and no more for what everybody understands', async () => {
  const { fake, profile } = await listen('wireguard-go', { privateKey })
  await profileFor(profile, ADD)
  expect(fake.requests).toEqual(['get=1'])
})

it('tells the public key', async () => {
  for (const implementation of ['wireguard-go', 'boringtun'] as const) {
    const { fake, profile } = await listen(implementation, { privateKey })
    const { publicKey } = await profile.identify(never)
    expect(publicKey).toBe(fake.device.snapshot().publicKey)
    const keyless = await listen(implementation)
    expect(await keyless.profile.identify(never)).not.toHaveProperty('publicKey')
  }
})

it('cleans up behind a wireguard-go that rejects update_only', async () => {
  const requests: string[] = []
  const server = await serve((socket) => {
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      requests.push(text)
      socket.write(text.includes('update_only') ? 'errno=-22\n\n' : 'errno=0\n\n')
    })
  })
  const profile = new DaemonProfile(server.path)
  expect(await profileFor(profile, UPDATE)).toEqual({ ...WIREGUARD_GO, updateOnly: false })
  const keys = requests.slice(1).map((text) => /public_key=(\w+)/.exec(text)?.[1])
  expect(requests.map((text) => text.replace(/public_key=\w+/, 'public_key=?'))).toEqual([
    'get=1\n\n',
    'set=1\npublic_key=?\nupdate_only=true\n\n',
    'set=1\npublic_key=?\nremove=true\n\n',
  ])
  expect(keys[0]).toBe(keys[1])
})

it('of a daemon that fails otherwise is not taken for known', async () => {
  let status = '-5'
  const server = await serve((socket) => {
    socket.on('data', (chunk) => {
      socket.write(chunk.toString().startsWith('get') ? 'errno=0\n\n' : `errno=${status}\n\n`)
    })
  })
  const profile = new DaemonProfile(server.path)
  await expect(profileFor(profile, UPDATE)).rejects.toMatchObject({ code: 'EIO' })
  status = '0'
  expect(await profileFor(profile, UPDATE)).toEqual(WIREGUARD_GO)
})

it('ends at the signal', async () => {
  const server = await serve(() => {})
  const abort = new AbortController()
  const asking = new DaemonProfile(server.path).for(checkConfig(ADD), abort.signal)
  setTimeout(() => abort.abort('why'), 20)
  await expect(asking).rejects.toBe('why')
})
