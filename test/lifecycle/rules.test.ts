import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type InterfaceConfig, reconcile } from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { loseDevice } from './loss.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours } from './sides.js'

const kind = await chosenBackend()

const config: InterfaceConfig = { name: 'wg0', ...cases['the default routes of both'] }

let namespace: TestNamespace
let ours: Ours

beforeEach(async () => {
  namespace = await TestNamespace.create('wgctrl-rules')
  ours = await Ours.in(namespace, kind)
})

afterEach(async () => {
  await ours[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

async function rules(): Promise<string> {
  return (await namespace.ip('-4', 'rule')) + (await namespace.ip('-6', 'rule'))
}

const ownRules = async (): Promise<string[]> =>
  (await namespace.ip('-4', 'rule'))
    .split('\n')
    .filter((line) => /suppress|fwmark/.test(line))
    .map((line) => line.replaceAll('\t', ' '))

const waysOf = async (...addresses: string[]): Promise<string[]> => {
  const texts = addresses.map((address) => namespace.ip('-j', 'route', 'get', address))
  return (await Promise.all(texts)).map((text) => JSON.parse(text)[0].dev)
}

const names = ['wg0', 'wg1', 'wg2', 'wg3']

const tunnel = (name: string, allowedIPs: string[]): InterfaceConfig => {
  const [peer] = config.peers ?? []
  if (!peer) throw new Error('no peer')
  const { listenPort: _, ...rest } = config
  return { ...rest, name, addresses: [], peers: [{ ...peer, allowedIPs }] }
}

describe(`rules of a default route, on devices of kind ${kind}`, () => {
  it.each([0, 1, 2, 3])('stand in order beside one of priority %i, and go', async (priority) => {
    await namespace.ip(
      'rule',
      'add',
      'from',
      '10.128.0.1',
      'lookup',
      '77',
      'priority',
      `${priority}`,
    )
    const before = await rules()
    for (let again = 0; again < 2; again++) {
      await ours.bringUp(config)
      const place = Math.max(0, priority - 1)
      expect(await ownRules()).toEqual([
        `${Math.max(0, place - 1)}: from all lookup main suppress_prefixlength 0`,
        `${place}: not from all fwmark 0xca6c lookup 51820`,
      ])
      expect(await waysOf('192.0.2.77', '203.0.113.1')).toEqual(['uplink', 'wg0'])
      expect(await reconcile(ours.context, 'wg0', config)).toEqual([])
      await ours.bringDown('wg0')
      expect(await rules()).toBe(before)
    }
  })

  it.each([1, 32000])(
    'are put in order by reconcile, beside one of priority %i',
    async (priority) => {
      await namespace.ip(
        'rule',
        'add',
        'from',
        '10.128.0.1',
        'lookup',
        '77',
        'priority',
        `${priority}`,
      )
      await ours.bringUp(config)
      const whole = await rules()
      await namespace.ip('rule', 'delete', 'table', 'main', 'suppress_prefixlength', '0')
      const changes = await reconcile(ours.context, 'wg0', config)
      expect(changes).toEqual([{ kind: 'default-route-added', family: 4, mark: 51820 }])
      expect(await rules()).toBe(whole)
      await ours.bringDown('wg0')
    },
  )

  it('of tunnels that come up at once have a mark each', async () => {
    const before = await rules()
    for (let round = 0; round < 3; round++) {
      const families = [['0.0.0.0/0'], ['::/0'], ['0.0.0.0/0', '::/0'], ['::/0']]
      const configs = names.map((name, at) => tunnel(name, families[at] ?? []))
      const all = await Promise.all(configs.map((each) => ours.bringUp(each)))
      const marks = all.map(({ firewallMark }) => firewallMark)
      expect(marks.sort()).toEqual([51820, 51821, 51822, 51823])
      await ours.bringDown('wg0')
      for (const each of configs.slice(1)) {
        expect(await reconcile(ours.context, each.name, each)).toEqual([])
      }
      await Promise.all(names.slice(1).map((name) => ours.bringDown(name)))
      expect(await rules()).toBe(before)
    }
  })

  it('of a mark that leads into another link are left to it', async () => {
    await ours.bringUp({ ...tunnel('wg0', ['0.0.0.0/0']), firewallMark: 777 })
    await ours.bringUp({ ...tunnel('wg1', ['::/0']), firewallMark: 777 })
    await ours.bringDown('wg0')
    expect(await namespace.ip('-6', 'rule')).toContain('lookup 777')
    expect(await namespace.ip('-4', 'rule')).not.toContain('lookup 777')
    expect(
      await reconcile(ours.context, 'wg1', { ...tunnel('wg1', ['::/0']), firewallMark: 777 }),
    ).toEqual([])
    await ours.bringDown('wg1')
  })

  const dead: [string, InterfaceConfig, string | InterfaceConfig][] = [
    ['its config', { ...config, firewallMark: 0x1234 }, { ...config, firewallMark: 0x1234 }],
    ['its name alone', { ...config, firewallMark: 0x1234 }, 'wg0'],
    ['its name alone, with a mark that up chose', config, 'wg0'],
  ]
  it.each(dead)(
    'of a dead tunnel without firewall rules are found by %s',
    async (_, alive, target) => {
      const before = await rules()
      await ours.bringUp(alive, { firewall: 'off' })
      await loseDevice(namespace, kind, 'wg0')
      expect(await rules()).not.toBe(before)
      await ours.bringDown(target)
      expect(await rules()).toBe(before)
      await expect(ours.bringDown('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    },
  )

  it.each([
    ['the same mark', { ...config, firewallMark: 0x1234 }, 0x1234],
    ['a mark that up chooses', config, 51820],
  ])('of a dead tunnel are in nobody’s way: %s', async (_, alive, mark) => {
    const before = await rules()
    await ours.bringUp(alive, { firewall: 'off' })
    const during = await rules()
    await loseDevice(namespace, kind, 'wg0')
    const { firewallMark } = await ours.bringUp(alive, { firewall: 'off' })
    expect(firewallMark).toBe(mark)
    expect(await rules()).toBe(during)
    await ours.bringDown('wg0')
    expect(await rules()).toBe(before)
  })

  it('of a tunnel whose link is off are not dead', async () => {
    await ours.bringUp(tunnel('wg0', ['0.0.0.0/0']))
    await namespace.ip('link', 'set', 'wg0', 'down')
    const { firewallMark } = await ours.bringUp(tunnel('wg1', ['0.0.0.0/0']))
    expect(firewallMark).toBe(51821)
    await expect(ours.bringDown('wg2')).rejects.toMatchObject({ code: 'ENODEV' })
    expect(await namespace.ip('rule')).toContain('lookup 51820')
    await ours.bringDown('wg0')
    expect(await namespace.ip('rule')).not.toContain('lookup 51820')
    await ours.bringDown('wg1')
  })
})
