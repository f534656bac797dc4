import { describe, expect, it } from 'vitest'
import { open } from 'wgctrl'
import {
  foreseeUp,
  type InterfaceConfig,
  type InterfaceSettings,
  type StepEvent,
  type UpOptions,
} from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { serverConfig } from './forwarding-stage.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours, useStubs } from './sides.js'
import { leftovers, snapshot } from './snapshot.js'

const kind = await chosenBackend()

const more: Record<string, InterfaceSettings> = {
  ...cases,
  'forwarding and NAT': { ...serverConfig, nat: { to: 'uplink' }, betweenClients: false },
  'hooks and name servers': {
    ...cases['the default routes of both'],
    dns: { servers: ['10.9.0.53'], search: ['corp.example'] },
    hooks: { preUp: [function early() {}], postUp: ['true', 'echo %i >/dev/null'] },
  },
}

const options: UpOptions = { hooks: 'shell', dns: 'resolvconf' }

describe(`a dry run of up, on devices of kind ${kind}`, () => {
  it.each(Object.keys(more))(
    '%s: lists the steps that up takes, and touches nothing',
    async (title) => {
      using _ = useStubs('/dev/null')
      await using namespace = await TestNamespace.create('wgctrl-dry')
      await using ours = await Ours.in(namespace, kind)
      const config: InterfaceConfig = { name: 'wg0', ...more[title] }
      const before = [await snapshot(namespace), await leftovers()]
      const plan = await foreseeUp(ours.context, config, options)
      expect([await snapshot(namespace), await leftovers()]).toEqual(before)

      const steps: StepEvent[] = []
      const made = await ours.bringUp(config, { ...options, onStep: (event) => steps.push(event) })
      expect(plan.steps).toEqual(steps)
      expect(plan).toEqual({
        name: 'wg0',
        faults: [],
        steps,
        mtu: made.mtu,
        firewallMark: made.firewallMark,
        warnings: made.warnings,
      })
      expect(JSON.parse(JSON.stringify(plan.steps))).toEqual(steps)
      await ours.bringDown(config, options)
    },
  )

  it('tells every fault at once, and what is in the way', async () => {
    await using namespace = await TestNamespace.create('wgctrl-dry')
    await using ours = await Ours.in(namespace, kind)
    const faultsOf = async (config: object, more: UpOptions = {}) => {
      const plan = await foreseeUp(ours.context, config as InterfaceConfig, more)
      expect(plan.steps).toEqual([])
      return plan.faults.map(({ code, path }) => path ?? code)
    }
    const wrong = { name: 'wg0', addresses: ['x', '10.0.0.1/24', 'y'], mtu: -1, nat: { to: 7 } }
    expect(await faultsOf(wrong)).toEqual(['addresses[0]', 'addresses[2]', 'mtu', 'nat.to'])
    expect(await faultsOf({ name: 'uplink' })).toEqual(['EEXIST'])
    expect(await faultsOf({ name: 'uplink', mtu: 0 })).toEqual(['mtu', 'EEXIST'])
    expect(await faultsOf({ name: 'uplink', forward: true }, { firewall: 'off' })).toEqual([
      'EEXIST',
      'options.firewall',
    ])
    expect(await faultsOf({ name: 'wg0', table: 'no such table' })).toEqual(['table'])
    expect(await faultsOf({ name: 'wg0', forward: true }, { firewall: 'off' })).toEqual([
      'options.firewall',
    ])
    expect(await faultsOf(5 as unknown as object)).toEqual(['config'])
  })

  it('is what the client and ensure give', async () => {
    await using namespace = await TestNamespace.create('wgctrl-dry')
    await using wg = await open({ netns: namespace.name })
    const config: InterfaceConfig = { name: 'wg0', ...more['the default routes of both'] }
    const plan = await wg.up(config, { backend: kind, dryRun: true })
    expect(plan.steps.map(({ step }) => step)).toContain('add the IPv6 rule for local networks')
    expect(await wg.ensure(config, { backend: kind, dryRun: true })).toEqual({ action: 'up', plan })
    expect(await wg.names()).toEqual([])
    const { faults } = await wg.up({ name: 'no name' }, { dryRun: true })
    expect(faults).toMatchObject([{ code: 'EINVAL', path: 'name' }])
  })

  it('says what could not be done, as up does', async () => {
    await using namespace = await TestNamespace.create('wgctrl-dry')
    await using ours = await Ours.in(namespace, kind)
    const dns = { servers: ['10.9.0.53'] }
    const config = { name: 'wg0', dns, hooks: { postUp: ['true'] }, addresses: ['10.9.0.1/24'] }
    const codesOf = async (choice: UpOptions) =>
      (await foreseeUp(ours.context, config, choice)).warnings.map(({ code }) => code)
    expect(await codesOf({ dns: 'off' })).toEqual(['ENODNS', 'EHOOKS'])
    expect(await codesOf({ dns: 'netns', hooks: 'shell' })).toEqual([])
  })
})
