import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  describeInterfaceChange,
  type InterfaceConfig,
  reconcile,
} from '../../packages/wireguard/src/interface/index.js'
import { ForwardingStage, SERVER, serverConfig, WEB } from './forwarding-stage.js'
import { loseDevice } from './loss.js'
import { chosenBackend } from './sides.js'
import { snapshot } from './snapshot.js'

const kind = await chosenBackend()
const child = fileURLToPath(new URL('killed-up.mjs', import.meta.url))

let stage: ForwardingStage

beforeEach(async () => {
  stage = await ForwardingStage.create(kind)
})

afterEach(() => stage[Symbol.asyncDispose]())

const second: InterfaceConfig = {
  name: 'wg+1',
  privateKey: '6JWEJy3GPhXFVGzDz7DHcGMtS01cPGxNBE/L4RvVZ1k=',
  addresses: ['10.9.0.1/24', 'fd00:9::1/64'],
  mtu: 1420,
}

const change = async (config: InterfaceConfig): Promise<string[]> => {
  const { name, ...settings } = config
  const foreseen = await reconcile(stage.ours.context, name, settings, { dryRun: true })
  const made = await reconcile(stage.ours.context, name, settings)
  expect(made).toEqual(foreseen)
  return made.map((each) => describeInterfaceChange(each))
}

describe(`forwarding and NAT, on devices of kind ${kind}`, () => {
  it('brings answers to clients only with NAT, in both families', async () => {
    const before = await snapshot(stage.server)
    await stage.ours.bringUp({ ...serverConfig, forward: true })
    expect(await stage.forwarding()).toBe('1 1')
    for (const web of [WEB[4], WEB[6]])
      expect(await stage.ask('c1', web, 'nothing')).toBe('nothing')
    const nat = { ...serverConfig, nat: { to: 'wan' } }
    expect(await change(nat)).toEqual([
      'add rule: masquerade 10.8.0.0/24 to wan',
      'add rule: masquerade fd00:8::/64 to wan',
    ])
    expect(await change(nat)).toEqual([])
    expect(await stage.ask('c1', WEB[4], 'answer')).toBe(SERVER[4])
    expect(await stage.ask('c1', WEB[6], 'answer')).toBe(SERVER[6])
    await stage.ours.bringDown('wg0')
    expect(await snapshot(stage.server)).toEqual(before)
    expect(await stage.forwarding()).toBe('0 0')
  })

  it('takes what is said of links, networks and addresses', async () => {
    for (const address of ['203.0.113.77', '2001:db8:f::77']) {
      await stage.server.ip('address', 'add', address, 'dev', 'wan')
    }
    const nat = { networks: ['10.8.0.2/32', '::/0'], source: ['203.0.113.77', '2001:db8:f::77'] }
    const steps: string[] = []
    await stage.ours.bringUp({ ...serverConfig, nat }, { onStep: ({ step }) => steps.push(step) })
    expect(steps).toContain(
      'set forwarding: IPv4, IPv6, snat 10.8.0.2/32 as 203.0.113.77, snat ::/0 as 2001:db8:f::77',
    )
    expect(await stage.ask('c1', WEB[4], 'answer')).toBe('203.0.113.77')
    expect(await stage.ask('c2', WEB[4], 'nothing')).toBe('nothing')
    expect(await stage.ask('c2', WEB[6], 'answer')).toBe('2001:db8:f::77')
    expect(await change({ ...serverConfig, nat: { ...nat, to: ['c1', 'c2'] } })).toHaveLength(6)
    expect(await stage.ask('c1', WEB[4], 'nothing')).toBe('nothing')
    await stage.ours.bringDown('wg0')
  })

  it('drops what comes from one client for another only where that is asked for', async () => {
    using _ = await stage.answerAt('c2')
    await stage.ours.bringUp({ ...serverConfig, forward: true })
    // The server learns where a client is from its first packet.
    await stage.ask('c2', '10.8.0.1', 'nothing')
    expect(await stage.ask('c1', '10.8.0.3', 'answer')).toBe('10.8.0.2')
    expect(await stage.ask('c1', 'fd00:8::3', 'answer')).toBe('fd00:8::2')
    const apart = { ...serverConfig, nat: { to: 'wan' }, betweenClients: false }
    expect(await change(apart)).toContain('add rule: drop between clients')
    expect(await stage.ask('c1', '10.8.0.3', 'nothing')).toBe('nothing')
    expect(await stage.ask('c1', 'fd00:8::3', 'nothing')).toBe('nothing')
    expect(await stage.ask('c1', WEB[4], 'answer')).toBe(SERVER[4])
    expect(await change({ ...serverConfig, forward: true })).toHaveLength(3)
    expect(await stage.ask('c1', '10.8.0.3', 'answer')).toBe('10.8.0.2')
    await stage.ours.bringDown('wg0')
  })

  it('mends what somebody removed, and takes away what is no longer wanted', async () => {
    const before = await stage.ruleset()
    await stage.ours.bringUp(serverConfig)
    const bare = await snapshot(stage.server)
    const nat = { ...serverConfig, nat: { to: 'wan' }, betweenClients: false }
    await change(nat)
    const whole = await snapshot(stage.server)
    await stage.server.run('nft', 'flush chain inet wgctrl-wg0 postrouting')
    await stage.server.run('sysctl', '-qw', 'net.ipv4.ip_forward=0')
    expect(await change(nat)).toEqual([
      'forward IPv4',
      'add rule: masquerade 10.8.0.0/24 to wan',
      'add rule: masquerade fd00:8::/64 to wan',
    ])
    expect(await snapshot(stage.server)).toEqual(whole)
    await stage.server.run('nft', 'delete table inet wgctrl-wg0')
    expect(await change(nat)).toHaveLength(5)
    expect(await change(serverConfig)).toHaveLength(5)
    // Nobody knows any more that it was off: the table that somebody removed has said so.
    expect(await stage.forwarding()).toBe('1 1')
    await stage.server.run('sysctl', '-qw', 'net.ipv4.ip_forward=0')
    await stage.server.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=0')
    expect(await snapshot(stage.server)).toEqual(bare)
    await stage.ours.bringDown('wg0')
    expect(await stage.ruleset()).toBe(before)
  })

  it('leaves forwarding on for another interface, and for whoever had it on before', async () => {
    const nat = { to: 'wan' }
    await stage.ours.bringUp({ ...serverConfig, nat })
    await stage.ours.bringUp({ ...second, forward: true })
    await stage.ours.bringDown('wg0')
    expect(await stage.forwarding()).toBe('1 1')
    await stage.ours.bringUp({ ...serverConfig, nat })
    await stage.ours.bringDown('wg+1')
    expect(await stage.forwarding()).toBe('1 1')
    expect(await stage.ask('c1', WEB[4], 'answer')).toBe(SERVER[4])
    await stage.ours.bringDown('wg0')
    expect(await stage.forwarding()).toBe('0 0')

    await stage.server.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1')
    await stage.ours.bringUp({ ...serverConfig, nat })
    await stage.ours.bringDown('wg0')
    expect(await stage.forwarding()).toBe('0 1')
  })

  it('leaves forwarding on for tables of others that decide about it', async () => {
    await stage.ours.bringUp({ ...serverConfig, nat: {} })
    await stage.server.run(
      ...(['nft', 'add table ip docker'] as const),
      '; add chain ip docker forward { type filter hook forward priority 0; }',
    )
    await stage.ours.bringDown('wg0')
    expect(await stage.forwarding()).toBe('1 0')
  })

  it('warns of a chain of others that drops what it forwards', async () => {
    const drops =
      'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
    await stage.server.run('nft', drops)
    const { warnings } = await stage.ours.bringUp({ ...serverConfig, nat: {} })
    expect(warnings.map(({ code }) => code)).toEqual(['EFORWARDDROP'])
    expect(await stage.ask('c1', WEB[4], 'nothing')).toBe('nothing')
    expect(await stage.ask('c1', WEB[6], 'answer')).toBe(SERVER[6])
    // What the warning and docs/interfaces.md tell to do.
    await stage.server.run('iptables', '-I', 'FORWARD', '-i', 'wg0', '-j', 'ACCEPT')
    await stage.server.run('iptables', '-I', 'FORWARD', '-o', 'wg0', '-j', 'ACCEPT')
    expect(await stage.ask('c1', WEB[4], 'answer')).toBe(SERVER[4])
    await stage.ours.bringDown('wg0')
    expect((await stage.ours.bringUp({ ...serverConfig, nat: {} })).warnings).toEqual([])
    await stage.ours.bringDown('wg0')
  })

  it('counts the interfaces that come and go at once', async () => {
    const both = [
      { ...serverConfig, nat: {} },
      { ...second, forward: true },
    ]
    for (let round = 0; round < 3; round++) {
      await Promise.all(both.map((config) => stage.ours.bringUp(config)))
      expect(await stage.forwarding()).toBe('1 1')
      await Promise.all(both.map(({ name }) => stage.ours.bringDown(name)))
      expect(await stage.forwarding()).toBe('0 0')
    }
  })

  it('takes everything back when a later step fails', async () => {
    const before = await snapshot(stage.server)
    const onStep = ({ step }: { step: string }): void => {
      if (step.startsWith('set the MTU')) throw new Error('no')
    }
    const attempt = stage.ours.bringUp({ ...serverConfig, nat: {} }, { onStep })
    await expect(attempt).rejects.toMatchObject({ name: 'StepError' })
    expect(await snapshot(stage.server)).toEqual(before)
    expect(await stage.forwarding()).toBe('0 0')
  })

  it('lets the IPv6 default route of a router stay', async () => {
    const file = '/proc/sys/net/ipv6/conf/wan/accept_ra'
    await stage.server.run('sysctl', '-qw', 'net.ipv6.conf.wan.accept_ra=1')
    await stage.ours.bringUp({ ...serverConfig, nat: {} })
    expect((await stage.server.run('cat', file)).trim()).toBe('2')
    await stage.ours.bringDown('wg0')
  })

  it('leaves nothing after a kill, at whatever step, and whether the device lives or not', async () => {
    const config = { ...serverConfig, nat: { to: 'wan' }, betweenClients: false }
    const before = await snapshot(stage.server)
    const steps: string[] = []
    await stage.ours.bringUp(config, { onStep: ({ step }) => steps.push(step) })
    await stage.ours.bringDown('wg0')
    const from = steps.findIndex((step) => step.startsWith('set forwarding'))
    for (const step of steps.slice(from, from + 3)) {
      for (const isLost of [false, true]) {
        await upUntil(step, config)
        if (isLost) await loseDevice(stage.server, kind, 'wg0')
        // Of a device that is lost before there were rules, nothing is left.
        await stage.ours.bringDown('wg0').catch(({ code }) => expect(code).toBe('ENODEV'))
        expect(await snapshot(stage.server), step).toEqual(before)
        expect(await stage.forwarding(), step).toBe('0 0')
      }
    }
    // What a dead interface left does not keep the next one from coming.
    await upUntil(steps[from + 1] ?? '', config)
    await loseDevice(stage.server, kind, 'wg0')
    await stage.ours.bringUp(config)
    await stage.ours.bringDown('wg0')
    expect(await snapshot(stage.server)).toEqual(before)
    expect(await stage.forwarding()).toBe('0 0')
  })

  it('refuses what cannot be made, before anything is', async () => {
    const before = await snapshot(stage.server)
    const config = { ...serverConfig, nat: {} }
    for (const firewall of ['off', 'iptables'] as const) {
      const refusal = { code: 'EINVAL', path: 'options.firewall' }
      await expect(stage.ours.bringUp(config, { firewall })).rejects.toMatchObject(refusal)
    }
    expect(await snapshot(stage.server)).toEqual(before)
  })
})

/** Has another process bring it up, which dies when it is about to take a step. */
async function upUntil(step: string, config: InterfaceConfig): Promise<void> {
  const args = [child, stage.server.name, kind, JSON.stringify(config), '{}', step]
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [, signal] = await once(process_, 'exit')
  expect(signal).toBe('SIGKILL')
}
