import type { Device, Peer } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { threadShortage } from './thread-shortage.js'

const device = (changes: Partial<Device> = {}): Device => ({
  name: 'wg0',
  kind: 'linux-kernel',
  interfaceIndex: 7,
  listenPort: 0,
  firewallMark: 0,
  peers: Array.from({ length: 100 }, () => ({}) as Peer),
  ...changes,
})

const machine = (changes: Record<string, string | undefined> = {}) => {
  const files: Record<string, string | undefined> = {
    '/sys/class/net/wg0/ifindex': '7\n',
    '/sys/class/net/wg0/threaded': '1\n',
    '/proc/loadavg': '0.20 0.18 0.12 1/400 11206\n',
    '/proc/sys/kernel/threads-max': '2000\n',
    '/proc/sys/kernel/pid_max': '32768\n',
    ...changes,
  }
  return async (path: string) => files[path]
}

describe('the threads that peers take', () => {
  it('are too many when more peers may come than threads can be started', async () => {
    expect(await threadShortage(device(), 1701, machine())).toBe(
      'maxPeers is 1701, and the kernel has a thread for each peer of wg0: 1700 fit (kernel.threads-max 2000, kernel.pid_max 32768)',
    )
    expect(await threadShortage(device(), 1700, machine())).toBeUndefined()
  })

  it('are bounded by their numbers as well', async () => {
    const few = machine({ '/proc/sys/kernel/pid_max': '1000\n' })
    expect(await threadShortage(device(), 701, few)).toContain(': 700 fit')
  })

  it.each([
    ['of a device that has none for its peers', { '/sys/class/net/wg0/threaded': '0\n' }, {}],
    [
      'of a device that was refused one, which takes none for peers to come',
      { '/sys/class/net/wg0/threaded': '0\n', '/proc/loadavg': '0.20 0.18 0.12 1/2000 11206\n' },
      {},
    ],
    ['of a kernel that does not tell', { '/sys/class/net/wg0/threaded': undefined }, {}],
    ['of a link in another namespace', { '/sys/class/net/wg0/ifindex': '8\n' }, {}],
    ['where /proc does not tell', { '/proc/loadavg': undefined }, {}],
    ['of a userspace device', {}, { kind: 'userspace' as const }],
  ])('are nothing to warn of: %s', async (_, files, changes) => {
    expect(await threadShortage(device(changes), 10_000, machine(files))).toBeUndefined()
  })

  it('are nothing to warn of when nobody said how many peers may come', async () => {
    expect(await threadShortage(device(), Number.POSITIVE_INFINITY, machine())).toBeUndefined()
  })
})
