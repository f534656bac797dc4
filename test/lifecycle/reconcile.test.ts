import { spawn } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import {
  describeInterfaceChange,
  type InterfaceChange,
  type InterfaceSettings,
  reconcile,
} from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { TestNamespace } from './namespace.js'
import { type Observation, observe } from './observation.js'
import { chosenBackend, Ours } from './sides.js'

const kind = await chosenBackend()

const settingsOf = (title: string): InterfaceSettings => {
  const settings = cases[title]
  if (!settings) throw new Error(`no case ${title}`)
  return settings
}

/** From one case to another; what comes of it is what `up` makes of the other. */
const ways: [string, string][] = [
  ['one address, one peer', 'several peers whose networks overlap'],
  ['several peers whose networks overlap', 'one address, one peer'],
  ['one address, one peer', 'the default routes of both'],
  ['the default routes of both', 'an address for one host, and a network that needs a route'],
  ['the default routes of both', 'the default route of IPv4'],
  ['the default route of IPv6', 'the default routes of both'],
  ['the default route of IPv4', 'a default route beside narrower ones'],
  ['the default route of IPv4', 'a firewall mark and a default route, whose table it names'],
  ['the default route of IPv4', 'no routes (Table off)'],
  ['a table by number', 'the default routes of both'],
  ['the default routes of both', 'a table by number'],
  ['no address and no peer', 'addresses of both families, and one without prefix length'],
  ['an MTU that is given', 'an endpoint on this machine, whose way is wide'],
  ['a firewall mark', 'no address and no peer'],
  ['addresses of both families, and one without prefix length', 'the default route of IPv6'],
]

describe(`reconcile, on devices of kind ${kind}`, () => {
  for (const [from, to] of ways) {
    it(`${from} -> ${to}`, async () => {
      const fresh = await freshlyUp(to)
      await using namespace = await TestNamespace.create('wgctrl-reconcile')
      await using ours = await Ours.in(namespace, kind)
      await ours.bringUp({ name: 'wg0', ...settingsOf(from) })
      const before = await observe(namespace)
      const desired = settingsOf(to)

      const foreseen = await reconcile(ours.context, 'wg0', desired, { dryRun: true })
      expect(await observe(namespace)).toEqual(before)
      expect(foreseen).not.toEqual([])
      const changes = await reconcile(ours.context, 'wg0', desired)
      expect(changes).toEqual(foreseen)
      expect(await observe(namespace)).toEqual(fresh)

      const { events, result } = await watch(namespace, () =>
        reconcile(ours.context, 'wg0', desired),
      )
      expect(result).toEqual([])
      expect(events).toBe('')
      await ours.bringDown('wg0')
    })
  }

  it('says what it does, and does no more', async () => {
    await using namespace = await TestNamespace.create('wgctrl-reconcile')
    await using ours = await Ours.in(namespace, kind)
    const before = settingsOf('the default route of IPv4')
    await ours.bringUp({ name: 'wg0', ...before })
    await namespace.ip('route', 'add', '198.51.100.0/24', 'dev', 'wg0')
    const [peer] = before.peers ?? []
    if (!peer) throw new Error('no peer')
    const changes = await reconcile(ours.context, 'wg0', {
      ...before,
      mtu: 1400,
      addresses: ['10.9.0.1/32', '10.9.1.1/24'],
      peers: [{ ...peer, allowedIPs: ['0.0.0.0/0', '10.9.1.7/32', '10.20.0.0/16'] }],
    })
    expect(changes.map((change: InterfaceChange) => describeInterfaceChange(change))).toEqual([
      `peer ${peer.publicKey}: add allowed IP 10.9.1.7/32`,
      `peer ${peer.publicKey}: add allowed IP 10.20.0.0/16`,
      'add address 10.9.1.1/24',
      'MTU: 1370 → 1400',
      'add route 10.20.0.0/16',
      'IPv4 firewall: guard 10.9.0.1 10.9.1.1',
    ])
    // Not an allowed IP: somebody else's.
    expect(await namespace.ip('route', 'show', 'dev', 'wg0')).toContain('198.51.100.0/24')
    await ours.bringDown('wg0')
  })

  it('switches on what was switched off, and mends what was removed', async () => {
    await using namespace = await TestNamespace.create('wgctrl-reconcile')
    await using ours = await Ours.in(namespace, kind)
    const settings = settingsOf('the default routes of both')
    await ours.bringUp({ name: 'wg0', ...settings })
    const whole = await observe(namespace)
    await namespace.ip('link', 'set', 'wg0', 'down')
    await namespace.run('nft', 'delete table ip wg-quick-wg0')
    await namespace.ip('-6', 'rule', 'delete', 'table', '51820')
    await namespace.ip('-6', 'rule', 'delete', 'table', 'main', 'suppress_prefixlength', '0')
    const changes = await reconcile(ours.context, 'wg0', settings)
    expect(changes.map(({ kind }) => kind)).toContain('switched-on')
    expect(await observe(namespace)).toEqual(whole)
    await ours.bringDown('wg0')
  })

  it('an interface that is not there, or no device', async () => {
    await using namespace = await TestNamespace.create('wgctrl-reconcile')
    await using ours = await Ours.in(namespace, kind)
    const attempt = (name: string) => reconcile(ours.context, name, {})
    await expect(attempt('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    await expect(attempt('uplink')).rejects.toMatchObject({ code: 'ENOTWIREGUARD' })
    await expect(reconcile(ours.context, 'wg0', { mtu: -1 })).rejects.toMatchObject({ path: 'mtu' })
  })
})

async function freshlyUp(title: string): Promise<Observation> {
  await using namespace = await TestNamespace.create('wgctrl-fresh')
  await using ours = await Ours.in(namespace, kind)
  await ours.bringUp({ name: 'wg0', ...settingsOf(title) })
  const observation = await observe(namespace)
  await ours.bringDown('wg0')
  return observation
}

/** What the kernel tells of changes in a namespace meanwhile. */
async function watch<T>(
  namespace: TestNamespace,
  body: () => Promise<T>,
): Promise<{ events: string; result: T }> {
  const args = ['-n', namespace.name, 'monitor', 'link', 'address', 'route', 'rule']
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let events = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    events += text
  })
  /** Rules that mean nothing to anyone: what is told of the second comes after all that came before it. */
  const rule = (command: string, at: number) =>
    namespace.ip('rule', command, 'from', `198.18.0.${at}`, 'table', 'main')
  try {
    await vi.waitFor(async () => {
      await rule('add', 1)
      await rule('delete', 1)
      expect(events).toMatch(/^Deleted .*198\.18\.0\.1 /m)
    })
    const result = await body()
    await rule('add', 2)
    await vi.waitFor(() => expect(events).toMatch(/198\.18\.0\.2 .*\n/))
    await rule('delete', 2)
    return { events: events.replace(/^.*198\.18\.0\..*\n/gm, ''), result }
  } finally {
    child.kill()
  }
}
