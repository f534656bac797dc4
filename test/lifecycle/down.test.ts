import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InterfaceConfig } from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { loseDevice } from './loss.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours, useStubs, WgQuick } from './sides.js'
import { leftovers, type Snapshot, snapshot } from './snapshot.js'

const kind = await chosenBackend()

const config: InterfaceConfig = { name: 'wg0', ...cases['the default routes of both'] }

let namespace: TestNamespace
let ours: Ours
let folder: string
let stubs: Disposable

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-down-'))
  stubs = useStubs(join(folder, 'log'))
  namespace = await TestNamespace.create('wgctrl-down')
  ours = await Ours.in(namespace, kind)
})

afterEach(async () => {
  stubs[Symbol.dispose]()
  await ours[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Like wg-quick(8), `up` switches this on for good: others may have come to need it. */
const exceptMarks = (system: Snapshot): Snapshot => ({ ...system, validMarks: '' })

describe(`down, on devices of kind ${kind}`, () => {
  it('leaves nothing behind after ten times up and down', async () => {
    // The first time opens what stays open: sockets to the kernel, the thread pool.
    await ours.up(config)
    await ours.down(config)
    const [before, left] = [await snapshot(namespace), await leftovers()]
    for (let cycle = 0; cycle < 10; cycle++) {
      await ours.up(config)
      await ours.down(config)
    }
    expect(await snapshot(namespace)).toEqual(before)
    expect(await leftovers()).toEqual(left)
  })

  it('needs no more than the name', async () => {
    const before = await snapshot(namespace)
    await ours.up({ ...config, dns: { servers: ['10.9.0.53'] } })
    await ours.bringDown('wg0')
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
    expect((await leftovers()).daemons).toEqual([])
  })

  it('takes down what wg-quick(8) has put up', async () => {
    const before = await snapshot(namespace)
    await using theirs = await WgQuick.in(namespace)
    await theirs.up(config)
    await ours.bringDown('wg0')
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
    expect((await leftovers()).daemons).toEqual([])
  })

  it('leaves nothing that wg-quick(8) could not take down', async () => {
    const before = await snapshot(namespace)
    await using theirs = await WgQuick.in(namespace)
    await theirs.learn(config)
    await ours.up(config)
    await theirs.down()
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
  })

  it('cleans up after a device that is gone', async () => {
    const before = await snapshot(namespace)
    await ours.up(config)
    await loseDevice(namespace, kind, 'wg0')
    expect(await namespace.run('nft', 'list', 'tables')).toContain('wg-quick-wg0')
    await ours.bringDown('wg0')
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
    expect((await leftovers()).daemons).toEqual([])
  })

  it('removes what stood in for routes when a reconcile died, and then the device', async () => {
    await namespace.ip('-6', 'route', 'add', 'unreachable', 'fd00:77::/64', 'metric', '4294967295')
    const before = await snapshot(namespace)
    const program = fileURLToPath(new URL('killed-reconcile.mjs', import.meta.url))
    const [peer] = config.peers ?? []
    const allowedIPs = ['0.0.0.0/0', '::/0', '10.30.0.0/16']
    const wanted = { ...config, addresses: [], peers: [{ ...peer, allowedIPs }] }
    for (const dies of [false, true]) {
      await ours.bringUp({ ...wanted, addresses: ['10.9.0.1/24'] } as InterfaceConfig)
      const { name: _, ...settings } = wanted
      const args = [program, namespace.name, kind, JSON.stringify(settings), 'stands in']
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
      const tables = await namespace.ip('route', 'show', 'table', 'all', 'type', 'unreachable')
      expect(tables).toContain('unreachable 10.30.0.0/16')
      expect(tables).toContain('unreachable default table 51820')
      if (dies) await loseDevice(namespace, kind, 'wg0')
      // One that lives is not in danger from the end of another.
      else await expect(ours.bringDown('wg1')).rejects.toMatchObject({ code: 'ENODEV' })
      await ours.bringDown('wg0')
      expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
    }
  })

  it('leaves the rules of others alone, and those that look alike', async () => {
    await namespace.ip('rule', 'add', 'table', 'main', 'suppress_prefixlength', '0')
    await namespace.ip('rule', 'add', 'not', 'fwmark', '99', 'table', '99')
    await namespace.ip('-6', 'rule', 'add', 'fwmark', '51820', 'table', '99')
    await namespace.run('nft', 'add table ip wg-quick-wg1; add chain ip wg-quick-wg1 mine')
    const before = await snapshot(namespace)
    await ours.up(config)
    await ours.bringDown('wg0')
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
  })

  it('two tunnels with a default route: each takes its own', async () => {
    const second: InterfaceConfig = { ...config, name: 'wg1', listenPort: 51822, addresses: [] }
    const before = await snapshot(namespace)
    const first = await ours.bringUp(config)
    const between = await snapshot(namespace)
    const other = await ours.bringUp(second)
    expect([first.firewallMark, other.firewallMark]).toEqual([51820, 51821])
    await ours.bringDown('wg1')
    expect(await snapshot(namespace)).toEqual(between)
    await ours.bringUp(second)
    await ours.bringDown('wg0')
    await ours.bringDown('wg1')
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
  })

  it('finishes what was ended half way', async () => {
    const before = await snapshot(namespace)
    const steps: string[] = []
    for (let ended = true; ended; ) {
      if (steps.length === 0) await ours.up(config)
      const controller = new AbortController()
      let isFresh = false
      try {
        await ours.bringDown('wg0', {
          signal: controller.signal,
          onStep: ({ step }) => {
            isFresh = !steps.includes(step)
            if (!isFresh) return
            steps.push(step)
            controller.abort()
          },
        })
        ended = false
      } catch (error) {
        expect(error).toMatchObject({ name: 'AbortError' })
      }
    }
    expect(steps.length).toBeGreaterThan(2)
    expect(exceptMarks(await snapshot(namespace))).toEqual(exceptMarks(before))
  })

  it('a name that is not there, and a link that is no device', async () => {
    await expect(ours.bringDown('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    await namespace.ip('link', 'add', 'wg0', 'type', 'veth', 'peer', 'name', 'other')
    await expect(ours.bringDown('wg0')).rejects.toMatchObject({ code: 'ENOTWIREGUARD' })
    await namespace.ip('link', 'delete', 'wg0')
    await namespace.ip('tuntap', 'add', 'wg0', 'mode', 'tun')
    await expect(ours.bringDown('wg0')).rejects.toMatchObject({ code: 'ENOTWIREGUARD' })
  })

  it('runs the hooks of a config, and stops at one that fails before anything is gone', async () => {
    const calls: string[] = []
    const refuse = (): void => {
      calls.push('preDown')
      if (calls.length === 1) throw new Error('not yet')
    }
    const hooks = { preDown: [refuse], postDown: [() => calls.push('postDown')] }
    await ours.bringUp({ ...config, hooks })
    const during = await snapshot(namespace)
    const step = 'run the PreDown hook refuse'
    await expect(ours.bringDown({ ...config, hooks })).rejects.toMatchObject({ step })
    expect(await snapshot(namespace)).toEqual(during)
    await ours.bringDown({ ...config, hooks })
    expect(calls).toEqual(['preDown', 'preDown', 'postDown'])
  })
})
