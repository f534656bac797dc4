import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InterfaceConfig, UpOptions } from '../../packages/wireguard/src/interface/index.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { stopProcess } from '../stopped-process.js'
import { cases } from './cases.js'
import { hidePrograms } from './hidden-programs.js'
import { killDaemon, loseDevice } from './loss.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours, useRecords } from './sides.js'
import { leftovers, type Snapshot, snapshot } from './snapshot.js'

const kind = await chosenBackend()
const child = fileURLToPath(new URL('killed-up.mjs', import.meta.url))

const config: InterfaceConfig = {
  ...cases['the default routes of both'],
  name: 'wg0',
  listenPort: 51833,
  dns: { servers: ['10.9.0.53'] },
}
const dns = 'netns'

type Way = Pick<UpOptions, 'dns' | 'firewall'> & Pick<InterfaceConfig, 'firewallMark'>

/** What an interface is made with, each of which leaves other things to find. */
const ways: Record<string, Way> = {
  'with nft': { dns, firewall: 'nft' },
  'with iptables': { dns, firewall: 'iptables' },
  'with no firewall': { dns, firewall: 'off' },
  'with no firewall and a mark of its own': { dns, firewall: 'off', firewallMark: 777 },
  'with resolvconf': { dns: 'resolvconf' },
}

/** Every step in each way, or each kind of step in one of them. */
const isLong = process.env.WGCTRL_KILLED_UP === 'all'

/** Says which kind of step in which way; every run tells its own. */
const SEED = Number(process.env.WGCTRL_KILLED_UP_SEED ?? Date.now() % 2 ** 31)

const kindOf = (step: string): string => step.replace(/\S*\d\S*/g, '')

let namespace: TestNamespace
let ours: Ours

beforeEach(async () => {
  namespace = await TestNamespace.create('wgctrl-killed')
  ours = await Ours.in(namespace, kind)
})

afterEach(async () => {
  // What a test that failed has left would be seen by those that follow.
  await killDaemon('wg0')
  await ours[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

/** All that an interface may leave, but for what `up` switches on for good. */
async function state(): Promise<object> {
  const system: Partial<Snapshot> = { ...(await snapshot(namespace)), validMarks: '' }
  const records = await readdir(`/etc/netns/${namespace.name}`).catch(() => [])
  return { system, daemons: (await leftovers()).daemons, records }
}

/** Has another process bring it up, which dies when it is about to take a step. */
async function upUntil(step: string, made: InterfaceConfig, options: UpOptions): Promise<void> {
  const args = [child, namespace.name, kind, JSON.stringify(made), JSON.stringify(options), step]
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [, signal] = await once(process_, 'exit')
  expect(signal).toBe('SIGKILL')
}

const isThere = async (): Promise<boolean> => (await namespace.ip('link')).includes('wg0:')

/** What may become of the daemon when `up` was killed. A kernel device has none: its link is deleted. */
const fates: Record<string, () => Promise<void>> = {
  lives: async () => {},
  died: () => loseDevice(namespace, kind, 'wg0'),
  ...(kind === 'userspace' && {
    hangs: async () => stopProcess(await daemonOf('wg0')),
  }),
}

/** Of the steps of a way those that are tried: all, or one of each kind that is its share. */
function shareOf(way: string, fate: string, steps: readonly string[]): string[] {
  if (isLong) return [...steps]
  const names = Object.keys(ways)
  const turn = SEED + names.indexOf(way)
  const kinds = [...new Set(steps.map(kindOf))].sort()
  const share = kinds.filter((_, at) => (at + turn) % names.length === 0)
  // A daemon that hangs is waited for, seconds each time.
  return (fate === 'hangs' ? share.slice(0, 1) : share).flatMap((each) => {
    const same = steps.filter((step) => kindOf(step) === each)
    return same[turn % same.length] ?? []
  })
}

/** Tables that iptables made stay, empty. */
const withoutFirewall = (seen: object): string =>
  JSON.stringify(seen, (key, value) => (/^firewall$|^iptables$/.test(key) ? '' : value))

describe(`down after an up that was killed, on devices of kind ${kind} (seed ${SEED})`, () => {
  it.each(Object.keys(ways))('leaves nothing, %s', async (way) => {
    using records = await useRecords()
    const { firewallMark, ...options } = ways[way] ?? {}
    const made = { ...config, ...(firewallMark && { firewallMark }) }
    const all = async () => ({ ...(await state()), dns: await readdir(records.folder) })
    const clean = await all()
    const steps: string[] = []
    await ours.bringUp(made, { ...options, onStep: ({ step }) => steps.push(step) })
    await ours.bringDown(made, options)
    const before = await all()
    expect(JSON.stringify(before)).not.toContain('wg0')
    if (options.firewall !== 'iptables') expect(before).toEqual(clean)
    expect(withoutFirewall(before)).toBe(withoutFirewall(clean))
    for (const [fate, befall] of Object.entries(fates)) {
      for (const [at, step] of shareOf(way, fate, steps).entries()) {
        await upUntil(step, made, options)
        const isMade = await isThere()
        if (isMade) await befall()
        const target = (SEED + at) % 2 === 0 ? 'wg0' : made
        await ours.bringDown(target, options).catch((error) => {
          // Of a device that died before it had any rules, nothing may be left.
          expect([error.code, isMade && fate !== 'died']).toEqual(['ENODEV', false])
        })
        expect(await all(), `${fate}, ${step}`).toEqual(before)
      }
    }
    // The next `up` of each round came to its step; this one comes to its end.
    await ours.bringUp(made, options)
    await ours.bringDown('wg0', options)
    expect(await all()).toEqual(before)
  })
})

describe(`down of an interface of which only the name servers are left, on devices of kind ${kind}`, () => {
  it.each(['resolvconf', 'netns'] as const)('takes them back, with %s', async (choice) => {
    using records = await useRecords()
    const all = async () => ({ ...(await state()), dns: await readdir(records.folder) })
    const before = await all()
    const { addresses = [] } = config
    await ours.bringUp({ name: 'wg0', addresses, dns: config.dns }, { dns: choice })
    await loseDevice(namespace, kind, 'wg0')
    await rm('/var/run/wireguard/wg0.sock', { force: true })
    expect(await all()).not.toEqual(before)
    await ours.bringDown('wg0', { dns: choice })
    expect(await all()).toEqual(before)
    const again = ours.bringDown('wg0', { dns: choice })
    await expect(again).rejects.toMatchObject({ code: 'ENODEV' })
  })
})

describe(`down of a daemon that hangs, on devices of kind ${kind}`, () => {
  it('leaves nothing, and says that its state is not saved', async () => {
    const hang = fates.hangs
    if (!hang) return expect(kind).toBe('linux-kernel')
    const before = await state()
    const done: string[] = []
    const hooks = { preDown: [() => done.push('pre')], postDown: [() => done.push('post')] }
    await ours.bringUp(config, { dns })
    await hang()
    const { warnings } = await ours.bringDown(
      { ...config, hooks, saveConfig: true },
      { dns, save: () => done.push('save') },
    )
    expect(warnings.map(({ code }) => code)).toEqual(['ENOSAVE'])
    expect(done).toEqual(['pre', 'post'])
    expect(await state()).toEqual(before)
  })
})

describe(`down of a daemon that begins to hang meanwhile, on devices of kind ${kind}`, () => {
  it('leaves nothing', async () => {
    const hang = fates.hangs
    if (!hang) return expect(kind).toBe('linux-kernel')
    const before = await state()
    await ours.bringUp(config, { dns })
    // Its last sign of life was that it told its state.
    await ours.bringDown({ ...config, saveConfig: true }, { dns, save: hang })
    expect(await state()).toEqual(before)
  })
})

describe(`up of a daemon that begins to hang, on devices of kind ${kind}`, () => {
  it('says so, and leaves nothing', async () => {
    const hang = fates.hangs
    if (!hang) return expect(kind).toBe('linux-kernel')
    const before = await state()
    const preUp = [hang]
    // Milliseconds in which a daemon has started on any machine, before it is the turn of the call that waits for ever.
    const timeout = 15_000
    const up = ours.bringUp({ ...config, hooks: { preUp } }, { dns, timeout })
    await expect(up).rejects.toMatchObject({ code: 'ETIMEDOUT', step: 'configure the device' })
    expect(await state()).toEqual(before)
  })
})

describe(`down, when a part cannot be removed, on devices of kind ${kind}`, () => {
  it('goes on, runs PostDown, and names what failed', async () => {
    const before = await state()
    const done: string[] = []
    const refuse = (): never => {
      throw new Error('not today')
    }
    await ours.bringUp(config, { dns })
    const hooks = { postDown: [refuse, () => done.push('post')] }
    const error = await ours.bringDown({ ...config, hooks }, { dns }).catch((reason) => reason)
    expect(error).toMatchObject({ step: 'run the PostDown hook refuse', operation: 'down' })
    expect(error.message).toBe('down wg0: cannot run the PostDown hook refuse: not today')
    expect(done).toEqual(['post'])
    expect(await state()).toEqual(before)
  })

  it('takes for removed what a hook has removed, and saves what a hook has set', async () => {
    const before = await state()
    const saved: InterfaceConfig[] = []
    await ours.bringUp(config, { dns })
    const flush = async (): Promise<void> => {
      await namespace.run('nft', 'flush', 'ruleset')
      await namespace.run('wg', 'set', 'wg0', 'listen-port', '4444')
      await namespace.ip('-4', 'rule', 'delete', 'table', 'main', 'suppress_prefixlength', '0')
    }
    await ours.bringDown(
      { ...config, hooks: { preDown: [flush] }, saveConfig: true },
      { dns, save: (current) => saved.push(current) },
    )
    expect(saved.map(({ listenPort }) => listenPort)).toEqual([4444])
    expect(await state()).toEqual(before)
  })

  it('needs nothing of a config but what says how it is taken down', async () => {
    const before = await state()
    await ours.bringUp(config, { dns })
    const wrong = { addresses: ['x'], mtu: 0, listenPort: -1, privateKey: 'nonsense', peers: [{}] }
    await ours.bringDown({ ...config, ...(wrong as object) }, { dns })
    expect(await state()).toEqual(before)
  })

  it.each(['auto', 'nft'] as const)('that cannot be asked for says so, by %s', async (firewall) => {
    const before = await state()
    if (firewall === 'auto') ours.machine = { ...thisMachine, nfTables: async () => undefined }
    await ours.bringUp(config, { dns, firewall: 'off' })
    const showPrograms = await hidePrograms('/nowhere')
    try {
      const { warnings } = await ours.bringDown('wg0', { dns, firewall })
      expect(warnings.map(({ code }) => code)).toEqual(['ENOFIREWALL'])
    } finally {
      ours.machine = thisMachine
      await showPrograms()
    }
    expect(await state()).toEqual(before)
  })

  it('finds programs where those for root are', async () => {
    const before = await state()
    await ours.bringUp(config, { dns, firewall: 'nft' })
    const { PATH = '' } = process.env
    process.env.PATH = '/nowhere'
    try {
      expect((await ours.bringDown('wg0', { dns, firewall: 'nft' })).warnings).toEqual([])
    } finally {
      process.env.PATH = PATH
    }
    expect(await state()).toEqual(before)
  })
})
