import { execFileSync } from 'node:child_process'
import { KernelBackend } from '@wgctrl/netlink'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { open } from 'wgctrl'
import { isolate } from '../../contract/harnesses/isolation.js'
import { expectOldPortToAnswer } from '../../contract/refused-port.js'

const run = (command: string): string => {
  const [program = '', ...args] = command.split(' ')
  return execFileSync(program, args, { encoding: 'utf8' })
}

beforeAll(() => isolate())

it('a kernel device and wireguard-go talk to each other, and both backends tell what wg(8) does', async () => {
  const wg = await open()
  onTestFinished(() => wg.close())
  const ends = [
    {
      name: 'wgk0',
      netns: 'wgk',
      backend: 'linux-kernel',
      outside: '10.91.0.1',
      inside: '10.92.0.1',
    },
    { name: 'wgu0', netns: 'wgu', backend: 'userspace', outside: '10.91.0.2', inside: '10.92.0.2' },
  ] as const
  const keys = ends.map(() => generatePrivateKey())
  for (const { netns } of ends) run(`ip netns add ${netns}`)
  run('ip link add cable netns wgk type veth peer cable netns wgu')
  for (const [index, { name, netns, backend, outside, inside }] of ends.entries()) {
    run(`ip -n ${netns} address add ${outside}/30 dev cable`)
    run(`ip -n ${netns} link set cable up`)
    await wg.create(name, { netns, backend })
    const there = ends[1 - index] as (typeof ends)[number]
    const configured = backend === 'linux-kernel' ? await open({ netns }) : wg
    await configured.configure(name, {
      privateKey: keys[index],
      listenPort: 51820,
      peers: [
        {
          publicKey: publicKey(keys[1 - index] as (typeof keys)[number]),
          // As a socket for both families shows an IPv4 address.
          endpoint: `[::ffff:${there.outside}]:51820`,
          allowedIPs: [`${there.inside}/32`],
        },
      ],
    })
    run(`ip -n ${netns} address add ${inside}/24 dev ${name}`)
    run(`ip -n ${netns} link set ${name} up`)
  }
  run(`ip netns exec wgk ping -c 5 -i 0.2 -W 60 -s 1000 ${ends[1].inside}`)
  for (const { name, netns } of ends) {
    await using here = await open({ netns })
    // Between the two looks a device may have told the other that it is there.
    await vi.waitFor(async () => {
      const [peer] = (await here.device(name)).peers
      const seconds = Math.floor((peer?.lastHandshake?.getTime() ?? 0) / 1000)
      expect(seconds).toBeGreaterThan(0)
      expect(Number(peer?.receivedBytes)).toBeGreaterThan(5000)
      const traffic = [seconds, Number(peer?.receivedBytes), Number(peer?.transmittedBytes)]
      expect(trafficShownIn(netns, name)).toEqual(traffic)
    })
  }
  await wg.delete('wgu0')
  for (const { netns } of ends) run(`ip netns delete ${netns}`)
})

it('answers a handshake on its old port when another is refused', () =>
  expectOldPortToAnswer((netns) => new KernelBackend({ netns })))

/** What wg(8) says of the one peer: it sees the kernel devices of its own namespace. */
function trafficShownIn(netns: string, name: string): number[] {
  const [, peer = ''] = run(`ip netns exec ${netns} wg show ${name} dump`).split('\n')
  return peer.split('\t').slice(4, 7).map(Number)
}
