import { checkConfig, type DeviceConfig, generatePrivateKey, publicKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toDeviceConfig } from './device-config.js'
import { formatConfig, parseConfig } from './parse.js'
import { configText, key } from './testing/config-text.js'
import { updateConfig } from './update-config.js'

const secret = generatePrivateKey().toBase64()

const TEXT = `[Interface]
PrivateKey = ${secret} # mine
FwMark = 51820 # decimal
Address = 10.0.0.1/24

# Name = alice
[Peer]
PublicKey = ${key(1)}
AllowedIPs = 10.0.0.3/32, 10.0.0.2 # two
Endpoint = vpn.example.net:51820
PersistentKeepalive = off

[Peer]
PublicKey = ${key(2)}
`

const one = {
  publicKey: key(1),
  allowedIPs: ['10.0.0.2/32', '10.0.0.3/32'],
  endpoint: '192.0.2.1:51820',
}

function updated(config: DeviceConfig, text = TEXT): string {
  const device = new FakeDevice('wg0')
  device.apply(checkConfig({ privateKey: secret, firewallMark: 51820, ...config }))
  const file = parseConfig(text)
  updateConfig(file, device.snapshot())
  return formatConfig(file)
}

describe('updateConfig', () => {
  it('leaves what is the same, however it is spelled', () => {
    expect(updated({ peers: [one, { publicKey: key(2) }] })).toBe(TEXT)
  })

  it('leaves out an endpoint with port 0, which wg(8) can set, and keeps a name', () => {
    const device = new FakeDevice('wg0')
    device.apply(
      checkConfig({ privateKey: secret, firewallMark: 51820, peers: [one, { publicKey: key(2) }] }),
    )
    const { peers, ...rest } = device.snapshot()
    const endpoint = { address: '192.0.2.1', port: 0, family: 4 as const }
    const file = parseConfig(TEXT)
    updateConfig(file, { ...rest, peers: peers.map((peer) => Object.assign(peer, { endpoint })) })
    expect(formatConfig(file)).toBe(TEXT)
    const written = parseConfig(TEXT.replace('vpn.example.net', '192.0.2.9'))
    updateConfig(written, {
      ...rest,
      peers: peers.map((peer) => Object.assign(peer, { endpoint })),
    })
    expect(formatConfig(written)).toBe(TEXT.replace('Endpoint = vpn.example.net:51820\n', ''))
  })

  it('takes an IPv4-mapped endpoint for the IPv4 address that it is', () => {
    const mapped = TEXT.replace('vpn.example.net', '[::ffff:c000:201]')
    expect(updated({ peers: [one, { publicKey: key(2) }] }, mapped)).toBe(mapped)
    expect(toDeviceConfig(parseConfig(mapped)).peers?.[0]?.endpoint).toEqual({
      address: '192.0.2.1',
      port: 51820,
      family: 4,
    })
  })

  it('writes what differs', () => {
    const text = updated({
      listenPort: 1,
      firewallMark: 0,
      peers: [
        { ...one, allowedIPs: ['10.0.0.2'], presharedKey: key(5), persistentKeepalive: 25 },
        { publicKey: key(2), endpoint: '192.0.2.2:2' },
        { publicKey: key(3), allowedIPs: ['10.0.0.4'] },
      ],
    })
    expect(text).toBe(
      TEXT.replace('FwMark = 51820 # decimal\n', '')
        .replace('/24\n', '/24\nListenPort = 1\n')
        .replace('10.0.0.3/32, 10.0.0.2 #', '10.0.0.2 #')
        .replace('= off', `= 25\nPresharedKey = ${key(5)}`)
        .concat(
          `Endpoint = 192.0.2.2:2\n\n[Peer]\nPublicKey = ${key(3)}\nAllowedIPs = 10.0.0.4/32\n`,
        ),
    )
  })

  it('removes peers that are gone, and a key', () => {
    expect(updated({ privateKey: null, peers: [{ publicKey: key(2) }] })).toBe(
      `[Interface]\nFwMark = 51820 # decimal\nAddress = 10.0.0.1/24\n\n[Peer]\nPublicKey = ${key(2)}\n`,
    )
  })

  it('leaves one section for each peer', () => {
    const repeated = `${TEXT}[Peer]\nPublicKey = ${key(1)}\nEndpoint = 192.0.2.9:9\n`
    expect(updated({ peers: [one, { publicKey: key(2) }] }, repeated)).toBe(TEXT)
  })

  it('keeps the key of a device that does not give it out', () => {
    const file = parseConfig(TEXT)
    const { privateKey: _, ...device } = new FakeDevice('wg0').snapshot()
    updateConfig(file, { ...device, firewallMark: 51820, publicKey: publicKey(secret) })
    expect(file.interface.publicKey).toBe(publicKey(secret))
    updateConfig(file, { ...device, publicKey: key(7) })
    expect(file.interface.publicKey).toBe(publicKey(secret))
  })

  it('makes a file mean the device, whatever stood there', () => {
    fc.assert(
      fc.property(configText, configText, (before, wanted) => {
        const device = new FakeDevice('wg0')
        const options = { conflicts: 'last-wins', unknownKeys: 'ignore' } as const
        device.apply(checkConfig(withAddresses(toDeviceConfig(parseConfig(wanted), options))))
        const file = parseConfig(before)
        updateConfig(file, device.snapshot())
        const again = new FakeDevice('wg0')
        const config = toDeviceConfig(parseConfig(formatConfig(file)), options)
        again.apply(checkConfig(withAddresses(config)))
        expect(comparable(again)).toEqual(comparable(device))
      }),
      { numRuns: 300 },
    )
  })
})

/** Without endpoints: names stay in the file, and the fake takes addresses alone. */
function withAddresses(config: DeviceConfig): DeviceConfig {
  return { ...config, peers: config.peers?.map((peer) => ({ ...peer, endpoint: undefined })) }
}

function comparable(device: FakeDevice): object {
  const { peers, ...rest } = device.snapshot()
  const plain = peers.map((peer) => ({
    ...peer,
    presharedKey: peer.presharedKey?.toBase64(),
    allowedIPs: peer.allowedIPs.toSorted(),
  }))
  return {
    ...rest,
    privateKey: undefined,
    peers: plain.sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  }
}
