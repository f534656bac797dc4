import { describe, expect, it } from 'vitest'
import { type PeerStep, toConfigs } from './set-steps.js'

const [A, B] = [1, 2].map((n) => Buffer.alloc(32, n).toString('base64')) as [string, string]
const add = (...networks: string[]) => networks.map((cidr) => ({ cidr, remove: false }))
const take = (...networks: string[]) => networks.map((cidr) => ({ cidr, remove: true }))
const peer = (publicKey: string, step: Partial<PeerStep> = {}): PeerStep => ({
  publicKey,
  allowedIPs: [],
  ...step,
})

describe('toConfigs', () => {
  it('makes one config of what does not contradict itself', () => {
    const steps = {
      listenPort: 1,
      peers: [
        peer(A, { replacesNetworks: true, allowedIPs: add('10.0.0.0/8', '10.0.0.0/8') }),
        peer(B, { persistentKeepalive: 5, allowedIPs: take('10.1.0.0/16') }),
        peer(A, { allowedIPs: add('10.0.0.0/8') }),
      ],
    }
    expect(toConfigs(steps)).toEqual([
      {
        listenPort: 1,
        peers: [
          { publicKey: A, replaceAllowedIPs: true, allowedIPs: steps.peers[0]?.allowedIPs },
          { publicKey: B, persistentKeepalive: 5, allowedIPs: take('10.1.0.0/16') },
          { publicKey: A, allowedIPs: add('10.0.0.0/8') },
        ],
      },
    ])
  })

  it('sends the device alone when there are no peers', () => {
    expect(toConfigs({ firewallMark: 0, peers: [] })).toEqual([{ firewallMark: 0 }])
  })

  it('starts another config for a network that a second peer gets', () => {
    const peers = [
      peer(A, { allowedIPs: add('10.0.0.0/8') }),
      peer(B, { replacesNetworks: true, allowedIPs: add('10.1.0.0/16', '10.0.0.0/8', '::/0') }),
    ]
    expect(toConfigs({ peers })).toEqual([
      {
        peers: [
          { publicKey: A, allowedIPs: add('10.0.0.0/8') },
          { publicKey: B, replaceAllowedIPs: true, allowedIPs: add('10.1.0.0/16') },
        ],
      },
      { peers: [{ publicKey: B, allowedIPs: add('10.0.0.0/8', '::/0') }] },
    ])
  })

  it('gives and takes one network in the order asked for', () => {
    const both = [...add('10.0.0.0/8'), ...take('10.0.0.0/8')]
    expect(toConfigs({ peers: [peer(A, { allowedIPs: both })] })).toEqual([
      { peers: [{ publicKey: A, allowedIPs: add('10.0.0.0/8') }] },
      { peers: [{ publicKey: A, allowedIPs: take('10.0.0.0/8') }] },
    ])
  })

  it('leaves out what else is said of a peer that is removed', () => {
    const step = { remove: true, persistentKeepalive: 5, allowedIPs: add('10.0.0.0/8') }
    expect(toConfigs({ peers: [peer(A, step), peer(A)] })).toEqual([
      {
        peers: [
          { publicKey: A, remove: true },
          { publicKey: A, allowedIPs: [] },
        ],
      },
    ])
  })
})
