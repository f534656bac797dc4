import { Deadline } from '@wgctrl/types'
import { describe, expect, it, onTestFinished } from 'vitest'
import { generatePrivateKey, open, publicKey, readInterface } from '../index.js'
import { type Machine, machineOf } from '../interface/machine.js'
import { MemoryBackend, MemoryMachine } from './index.js'

const peer = publicKey(generatePrivateKey())

async function machineWithUplink(kind?: 'linux-kernel' | 'userspace') {
  const machine = new MemoryMachine(kind)
  const addresses = ['192.0.2.2/24', '2001:db8::2/64']
  const gateways = ['192.0.2.1', '2001:db8::1']
  await machine.addLink({ name: 'eth0', mtu: 1450, addresses, gateways })
  const wg = await open({ backends: [machine] })
  onTestFinished(() => wg.close())
  return { machine, wg }
}

const config = {
  name: 'wg0',
  privateKey: generatePrivateKey(),
  addresses: ['10.8.0.1/24', 'fd00:8::1/64'],
  dns: { servers: ['10.8.0.53'] },
  peers: [{ publicKey: peer, endpoint: '192.0.2.9:51820', allowedIPs: ['0.0.0.0/0', '::/0'] }],
}

describe.each(['linux-kernel', 'userspace'] as const)('MemoryMachine of kind %s', (kind) => {
  it('brings an interface up, changes it and takes it down', async () => {
    const { machine, wg } = await machineWithUplink(kind)
    const before = await machine.state()
    const plan = await wg.up(config, { dryRun: true })
    expect(await machine.state()).toEqual(before)
    const steps: string[] = []
    const result = await wg.up(config, { onStep: ({ step }) => steps.push(step) })
    expect(steps).toEqual(plan.steps.map(({ step }) => step))
    expect(result).toMatchObject({
      name: 'wg0',
      kind,
      mtu: 1370,
      firewallMark: 51820,
      warnings: [],
    })
    const state = await machine.state()
    expect(state.addresses['wg0']).toEqual(config.addresses)
    expect(state.nameServers).toEqual({ wg0: 'nameserver 10.8.0.53\n' })
    expect(state.firewall).toContain('table ip wg-quick-wg0 {')
    expect(state.rules).toContain('IPv4 32764: table 254 suppress 0')
    expect(state.rules).toContain('IPv6 32765: not mark 51820 table 51820')
    expect(await wg.ensure(config)).toEqual({ action: 'none' })
    const narrow = { ...config, peers: [{ publicKey: peer, allowedIPs: ['10.9.0.0/16'] }] }
    const forwarding = { ...narrow, nat: { to: 'eth0' } }
    expect(await wg.ensure(forwarding)).toMatchObject({ action: 'reconcile' })
    expect((await machine.state()).settings).toMatchObject({ 'net/ipv4/ip_forward': '1' })
    expect((await readInterface({ wg }, 'wg0')).addresses).toEqual(config.addresses)
    expect(await wg.freeName()).toBe('wg1')
    await wg.down('wg0')
    const after = await machine.state()
    // `src_valid_mark` stays on, as on the real thing.
    expect(after).toEqual({
      ...before,
      settings: { ...before.settings, 'net/ipv4/conf/all/src_valid_mark': '1' },
    })
  })

  it('takes back what a failing up has done', async () => {
    const { machine, wg } = await machineWithUplink(kind)
    const before = await machine.state()
    for (const { step } of (await wg.up(config, { dryRun: true })).steps) {
      const onStep = (event: { step: string }) => {
        if (event.step === step) throw new Error('no')
      }
      await expect(wg.up(config, { onStep })).rejects.toMatchObject({ step })
      expect(await machine.state()).toEqual(before)
      expect(await wg.names()).toEqual([])
    }
  })
})

describe('MemoryMachine', () => {
  it('writes down lines of hooks, and calls functions', async () => {
    const { machine, wg } = await machineWithUplink()
    const called: string[] = []
    const postUp = ['echo %i', ({ name }: { name: string }) => called.push(name)]
    await wg.up({ name: 'wg0', hooks: { postUp } }, { hooks: 'shell' })
    expect(machine.hookLines).toEqual([{ name: 'wg0', line: 'echo wg0' }])
    expect(called).toEqual(['wg0'])
  })

  it('resolves the names that it was told alone', async () => {
    const { machine, wg } = await machineWithUplink()
    machine.hosts.set('vpn.example', ['192.0.2.77'])
    const named = (endpoint: string) => ({ name: 'wg0', peers: [{ publicKey: peer, endpoint }] })
    await wg.up(named('vpn.example:1'))
    expect((await wg.device('wg0')).peers[0]?.endpoint).toMatchObject({ address: '192.0.2.77' })
    const { faults } = await wg.up({ ...named('localhost:1'), name: 'wg1' }, { dryRun: true })
    expect(faults).toMatchObject([{ code: 'ENOTFOUND' }])
  })

  it('lacks the programs that a test removes', async () => {
    const { machine, wg } = await machineWithUplink()
    machine.programs.clear()
    machine.hasNfTables = false
    const { warnings } = await wg.up(config)
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['ENODNS', 'ENOFIREWALL']))
    await expect(wg.ensure({ ...config, nat: {} })).rejects.toMatchObject({
      code: 'EUNSUPPORTED',
      feature: 'nat',
    })
  })

  it('stands alone, and refuses what it does not have', async () => {
    const { machine, wg } = await machineWithUplink()
    const refusal = { code: 'EINVAL', path: 'options.backends' }
    for (const other of ['userspace', new MemoryBackend()] as const) {
      await expect(open({ backends: [machine, other] })).rejects.toMatchObject(refusal)
    }
    const elsewhere = await open({ backends: [machine], netns: 'somewhere' })
    await expect(elsewhere.up(config)).rejects.toMatchObject({ feature: 'netns' })
    await expect(wg.up(config, { socketNetns: 'somewhere' })).rejects.toMatchObject({
      feature: 'netns',
    })
    await wg.up(config)
    await expect(wg.handshakes('wg0').next()).rejects.toMatchObject({ feature: 'links' })
  })

  it('says that an interface is busy when the time is up', async () => {
    const { machine } = await machineWithUplink()
    const { holdLock } = machineOf(machine) as Machine
    using _ = await holdLock('wg0', { signal: new AbortController().signal })
    using deadline = new Deadline({ timeout: 10 })
    const second = holdLock('wg0', { signal: deadline.signal })
    await expect(second).rejects.toMatchObject({ code: 'EBUSY' })
    const aborted = holdLock('wg0', { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('keeps calls on one interface in order', async () => {
    const { wg } = await machineWithUplink()
    const results = await Promise.all([wg.ensure(config), wg.ensure(config), wg.ensure(config)])
    expect(results.map(({ action }) => action)).toEqual(['up', 'none', 'none'])
  })
})
