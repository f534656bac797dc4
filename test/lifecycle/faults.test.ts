import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type InterfaceConfig,
  type InterfaceWarning,
  reconcile,
  StepError,
  type UpOptions,
} from '../../packages/wireguard/src/interface/index.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { withoutPrivileges } from '../contract/privileges.js'
import { cases } from './cases.js'
import { run } from './command.js'
import { hidePrograms } from './hidden-programs.js'
import { loseDevice } from './loss.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours, useStubs } from './sides.js'
import { leftovers, type Snapshot, snapshot } from './snapshot.js'

const kind = await chosenBackend()

/** Has every step that there is. */
const config: InterfaceConfig = {
  ...cases['the default routes of both'],
  name: 'wg0',
  dns: { servers: ['10.9.0.53'] },
  hooks: { preUp: [() => {}], postUp: [() => {}] },
}
const plain: InterfaceConfig = { name: 'wg0', ...cases['one address, one peer'] }

let namespace: TestNamespace
let ours: Ours
let folder: string
let stubs: Disposable

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-faults-'))
  stubs = useStubs(join(folder, 'log'))
  namespace = await TestNamespace.create('wgctrl-fault')
  ours = await Ours.in(namespace, kind)
})

afterEach(async () => {
  await showPrograms?.()
  showPrograms = undefined
  stubs[Symbol.dispose]()
  await ours[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

interface State {
  readonly system: Snapshot
  readonly daemons: readonly string[]
}

const state = async (): Promise<State> => ({
  system: await snapshot(namespace),
  daemons: (await leftovers()).daemons,
})

/** Brings up what cannot come up, and shows that nothing came of it. */
async function failing(wanted: InterfaceConfig, options: UpOptions = {}): Promise<unknown> {
  const before = await state()
  const error = await ours.bringUp(wanted, { dns: 'resolvconf', ...options }).then(
    () => expect.unreachable('it came up'),
    (reason: unknown) => reason,
  )
  expect(await state()).toEqual(before)
  return error
}

async function stepsOf(wanted: InterfaceConfig): Promise<string[]> {
  const steps: string[] = []
  const options: UpOptions = { dns: 'resolvconf', onStep: ({ step }) => steps.push(step) }
  await ours.bringUp(wanted, options)
  await ours.bringDown(wanted, { dns: 'resolvconf' })
  return steps
}

describe(`up, when something fails, on devices of kind ${kind}`, () => {
  it('takes back what came before, whichever step fails', async () => {
    const steps = await stepsOf(config)
    expect(steps.length).toBeGreaterThan(15)
    for (const failed of steps) {
      const onStep: UpOptions['onStep'] = ({ step }) => {
        if (step === failed) throw Object.assign(new Error('no more'), { code: 'ENOSPC' })
      }
      const error = await failing(config, { onStep })
      expect(error).toBeInstanceOf(StepError)
      expect(error).toMatchObject({ step: failed, code: 'ENOSPC', operation: 'up', device: 'wg0' })
    }
  })

  it('guards a default route before anything leads into it, by up and by reconcile', async () => {
    const inOrder = (steps: readonly string[]): void => {
      const guard = steps.findLastIndex((step) => /^add the IPv. firewall rules$/.test(step))
      expect(guard).toBeGreaterThan(0)
      expect(guard).toBeLessThan(steps.findIndex((step) => /for packets without mark/.test(step)))
    }
    inOrder(await stepsOf(config))
    await ours.bringUp(plain)
    const steps: string[] = []
    const { name, dns: _, hooks: __, ...settings } = config
    await reconcile(ours.context, name, settings, { onStep: ({ step }) => steps.push(step) })
    inOrder(steps)
    await ours.bringDown('wg0')
  })

  it('takes back what came before, wherever it is aborted', async () => {
    for (const last of await stepsOf(config)) {
      const controller = new AbortController()
      const onStep: UpOptions['onStep'] = ({ step }) => {
        if (step === last) controller.abort(new Error('enough'))
      }
      const error = await failing(config, { signal: controller.signal, onStep })
      expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
    }
  })

  it('takes back what came before, whenever it is aborted', async () => {
    for (const delay of [0, 1, 2, 5, 10, 15, 20, 30, 50, 80]) {
      const before = await state()
      const signal = AbortSignal.timeout(delay)
      try {
        await ours.bringUp(config, { signal, dns: 'resolvconf' })
        await ours.bringDown(config, { dns: 'resolvconf' })
      } catch (error) {
        expect(error).toMatchObject({ name: 'AbortError' })
      }
      const after = await state()
      const { validMarks } = after.system
      expect(after).toEqual({ ...before, system: { ...before.system, validMarks } })
    }
  })

  it('takes back what a program did that was at work when it was aborted', async () => {
    const wrapped = await withoutPutPrograms(() => namespace.run('sh', '-c', 'command -v nft'))
    await putProgram(
      'nft',
      `#!/bin/sh\n${wrapped.trim()} "$@"; s=$?; echo >>${folder}/ran; while [ ! -e ${folder}/go ]; do sleep 0.02; done; exit $s\n`,
    )
    const before = await withoutPutPrograms(state)
    const controller = new AbortController()
    const options = { dns: 'resolvconf', firewall: 'nft', signal: controller.signal } as const
    const up = ours.bringUp(config, options)
    const ended = up.catch((reason: unknown) => reason)
    while (!(await readdir(folder)).includes('ran')) await sleep(10)
    controller.abort()
    await writeFile(join(folder, 'go'), '')
    expect(await ended).toMatchObject({ name: 'AbortError' })
    expect(await withoutPutPrograms(state)).toEqual(before)
  })

  it('an address that is no address: nothing was done', async () => {
    const error = await failing({ ...plain, addresses: ['10.9.0.1/24', '10.9.0.1/33'] })
    expect(error).toMatchObject({ code: 'EINVAL', path: 'addresses[1]' })
  })

  it('an address that is there twice', async () => {
    const error = await failing({ ...plain, addresses: ['10.9.0.1/24', '10.9.0.1/24'] })
    expect(error).toMatchObject({ code: 'EEXIST', step: 'add the address 10.9.0.1/24' })
  })

  it('a route that somebody else has', async () => {
    await namespace.ip('route', 'add', '10.77.0.0/16', 'via', '192.0.2.77')
    const [peer] = plain.peers ?? []
    if (!peer) throw new Error('no peer')
    const peers = [{ ...peer, allowedIPs: ['10.77.0.0/16', '10.78.0.0/17'] }]
    const error = await failing({ ...plain, peers })
    expect(error).toMatchObject({ code: 'EEXIST', step: 'add the route 10.77.0.0/16' })
  })

  it('a rule that somebody else has', async () => {
    await namespace.ip('rule', 'add', 'not', 'fwmark', '777', 'table', '777')
    const error = await failing({ ...config, firewallMark: 777 })
    const step = 'add the IPv4 rule for packets without mark 777'
    expect(error).toMatchObject({ code: 'EEXIST', step })
  })

  it('a firewall table that somebody else has', async () => {
    await namespace.run('nft', 'add table ip wg-quick-wg0; add chain ip wg-quick-wg0 mine')
    const error = await failing(config)
    expect(error).toMatchObject({ code: 'EEXIST', step: 'add the IPv4 firewall rules' })
  })

  it('a name that is taken', async () => {
    await namespace.ip('link', 'add', 'wg0', 'type', 'veth', 'peer', 'name', 'other')
    const error = await failing(plain)
    expect(error).toMatchObject({ code: 'EEXIST', step: 'make the interface' })
  })

  it('an interface that is up already', async () => {
    await ours.bringUp(plain)
    const error = await failing(config)
    expect(error).toMatchObject({ code: 'EEXIST', step: 'make the interface' })
    await ours.bringDown('wg0')
  })

  it('an MTU that no device takes', async () => {
    const error = await failing({ ...plain, mtu: 2 ** 31 - 1 })
    expect(error).toMatchObject({ code: 'EINVAL', errno: 22 })
    expect((error as StepError).step).toContain('set the MTU to 2147483647')
  })

  it('an MTU that is too small for an address', async () => {
    const error = await failing({ ...config, mtu: 600 })
    expect((error as StepError).step).toMatch(/IPv6|::/)
  })

  it('a device that cannot be configured', async () => {
    const peers = [{ publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', allowedIPs: ['x'] }]
    const error = await failing({ ...plain, peers })
    expect(error).toMatchObject({ code: 'EINVAL', path: 'peers[0].allowedIPs[0]' })
  })

  it('a hook that throws', async () => {
    const refuse = (): never => {
      throw new Error('not today')
    }
    const error = await failing({ ...config, hooks: { postUp: [() => {}, refuse] } })
    expect(error).toMatchObject({ step: 'run the PostUp hook refuse' })
    expect((error as Error).message).toContain('not today')
  })

  it('a line of a file that ends with a status', async () => {
    const error = await failing(
      { ...config, hooks: { preUp: ['true'], postUp: ['exit 3'] } },
      { hooks: 'shell' },
    )
    expect(error).toMatchObject({ code: 'EIO', step: 'run PostUp: exit 3' })
    expect((error as Error).message).toContain('status 3')
  })

  it('a resolvconf that fails', async () => {
    await putProgram('resolvconf', '#!/bin/sh\necho "no such thing" >&2\nexit 1\n')
    const error = await failing(config)
    expect(error).toMatchObject({ code: 'EIO', step: 'set the name servers' })
    expect((error as Error).message).toContain('no such thing')
  })

  it('an nft that fails', async () => {
    await putProgram('nft', '#!/bin/sh\necho "Operation not permitted" >&2\nexit 1\n')
    const before = await withoutPutPrograms(state)
    const options = { dns: 'resolvconf', firewall: 'nft' } as const
    const error = await ours.bringUp(config, options).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'EPERM', step: 'add the IPv6 firewall rules' })
    expect(await withoutPutPrograms(state)).toEqual(before)
  })

  it('a daemon that dies during its start', async () => {
    const daemon = await putProgram('daemon', '#!/bin/sh\necho "out of luck" >&2\nexit 7\n')
    if (kind === 'linux-kernel') {
      const { UserspaceBackend } = await import('@wgctrl/uapi')
      const { open } = await import('wgctrl')
      await using wg = await open({ backends: [new UserspaceBackend()] })
      const { bringUp } = await import('../../packages/wireguard/src/interface/index.js')
      const context = { ...ours.context, wg }
      const before = await state()
      const error = await bringUp(context, plain, { daemon }).catch((reason) => reason)
      expect(error).toMatchObject({ step: 'make the interface' })
      expect(error.message).toContain('out of luck')
      expect(await state()).toEqual(before)
      return
    }
    const error = await failing(plain, { daemon })
    expect(error).toMatchObject({ step: 'make the interface' })
    expect((error as Error).message).toContain('out of luck')
  })

  it('a device that goes while it is set up', async () => {
    const before = await state()
    const waitForLoss = (): Promise<void> => loseDevice(namespace, kind, 'wg0')
    const error = await ours
      .bringUp({ ...config, hooks: { preUp: [waitForLoss] } }, { dns: 'resolvconf' })
      .catch((reason) => reason)
    expect(error).toMatchObject({ step: 'configure the device' })
    expect(await state()).toEqual(before)
    const late = await ours
      .bringUp({ ...config, hooks: { postUp: [waitForLoss, () => Promise.reject('gone')] } })
      .catch((reason) => reason)
    expect(late).toBeInstanceOf(StepError)
    const after = await state()
    expect(after).toEqual({
      ...before,
      system: { ...before.system, validMarks: after.system.validMarks },
    })
  })

  it('a step that whoever is told of it cannot stand, a little later', async () => {
    const onStep = async ({ step }: { step: string }): Promise<void> => {
      await sleep(1)
      if (step === 'add the address fd00:9::1/64') throw new Error('too much')
    }
    const error = await failing(config, { onStep })
    expect(error).toMatchObject({ step: 'add the address fd00:9::1/64' })
  })

  it('a resolvconf that fails, but has stored what it was told', async () => {
    const record = join(folder, 'record')
    await putProgram(
      'resolvconf',
      `#!/bin/sh\ncase $1 in -a) cat >${record}; exit 1;; -d) rm ${record};; *) exit 1;; esac\n`,
    )
    const error = await failing(config)
    expect(error).toMatchObject({ status: 1, step: 'set the name servers' })
    expect(await readdir(folder)).not.toContain('record')
  })

  it.each([
    ['no room', 'size=4k', 'ENOSPC'],
    ['only for reading', 'ro', 'EROFS'],
  ])('a file of name servers where there is %s: none is left', async (_, options, code) => {
    const own = join('/etc/netns', namespace.name)
    await mkdir(own, { recursive: true })
    await run('mount', '-t', 'tmpfs', '-o', options, 'wgctrl-test', own)
    try {
      if (code === 'ENOSPC') await writeFile(join(own, 'other'), Buffer.alloc(4096))
      const before = await readdir(own)
      const error = await failing(config, { dns: 'netns' })
      expect(error).toMatchObject({ code, step: 'set the name servers' })
      expect(await readdir(own)).toEqual(before)
    } finally {
      await run('umount', own)
    }
    const { warnings } = await ours.bringUp(config, { dns: 'netns' })
    expect(warnings).toEqual([])
    expect(await readFile(join(own, 'resolv.conf'), 'utf8')).toContain('nameserver 10.9.0.53')
    await ours.bringDown(config, { dns: 'netns' })
    expect(await readdir('/etc/netns')).not.toContain(namespace.name)
  })

  it('no permission', async () => {
    const before = await state()
    const error = await withoutPrivileges(() =>
      ours.bringUp(plain).then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    )
    expect(error).toMatchObject({ code: 'EPERM' })
    expect(await state()).toEqual(before)
  })

  it('a config that is no config', async () => {
    const [peer] = plain.peers ?? []
    const other = 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0='
    const wrong: [object, string][] = [
      [{ ...plain, name: '../wg0' }, 'name'],
      [{ ...plain, mtu: 0 }, 'mtu'],
      [{ ...plain, table: 'no-such-table' }, 'table'],
      [{ ...plain, dns: { servers: ['ns.example'] } }, 'dns.servers[0]'],
      [{ ...plain, dns: { servers: [], search: ['a b'] } }, 'dns.search[0]'],
      [{ ...plain, hooks: { preUp: [7] } }, 'hooks.preUp[0]'],
      [{ ...plain, privateKey: 'nonsense' }, 'privateKey'],
      [{ ...plain, listenPort: 70_000 }, 'listenPort'],
      [{ ...plain, firewallMark: -1 }, 'firewallMark'],
      [{ ...plain, peers: [{ publicKey: 'nonsense' }] }, 'peers[0].publicKey'],
      [{ ...plain, peers: [{ ...peer, presharedKey: '' }] }, 'peers[0].presharedKey'],
      [{ ...plain, peers: [{ ...peer, endpoint: 'vpn.invalid:0' }] }, 'peers[0].endpoint'],
      [{ ...plain, peers: [{ ...peer, allowedIPs: ['10.0.0.0/33'] }] }, 'peers[0].allowedIPs[0]'],
      [{ ...plain, peers: [{ ...peer, endPoint: '192.0.2.1:1' }] }, 'peers[0].endPoint'],
      [{ ...plain, peers: [peer, { ...peer, publicKey: other }] }, 'peers[1].allowedIPs[0]'],
    ]
    const steps: string[] = []
    const onStep: UpOptions['onStep'] = ({ step }) => steps.push(step)
    for (const [bad, path] of wrong) {
      const error = await failing(bad as InterfaceConfig, { onStep })
      expect(error).toMatchObject({ code: 'EINVAL', path })
      expect(error).not.toBeInstanceOf(StepError)
    }
    expect(steps).toEqual([])
  })
})

describe(`up, when something is not installed, on devices of kind ${kind}`, () => {
  it('no program at all: a default route is guarded all the same', async () => {
    await ours.bringUp(config, { dns: 'off', firewall: 'nft' })
    const { firewall } = (await state()).system
    await ours.bringDown('wg0')
    await onlyPrograms()
    const before = await withPrograms(state)
    const { warnings } = await ours.bringUp(config, { dns: 'off' })
    expect(warnings).toEqual([expect.objectContaining({ code: 'ENODNS' })])
    expect((await withPrograms(state)).system.firewall).toBe(firewall)
    await ours.bringDown('wg0')
    expect((await withPrograms(state)).system).toEqual(before.system)
  })

  it('a kernel without nf_tables: iptables-restore', async () => {
    ours.machine = { ...thisMachine, nfTables: async () => undefined }
    await onlyPrograms('iptables-restore', 'ip6tables-restore', 'iptables-save', 'ip6tables-save')
    const before = await withPrograms(state)
    const { warnings } = await ours.bringUp(config, { dns: 'off' })
    expect(warnings).toEqual([expect.objectContaining({ code: 'ENODNS' })])
    const during = await withPrograms(state)
    expect(during.system.iptables[0]).toContain('wg-quick(8) rule for wg0')
    expect(during.system.iptables[1]).toContain('-d fd00:9::1/128')
    await ours.bringDown('wg0')
    const { iptables } = (await withPrograms(state)).system
    expect(iptables.join('\n')).not.toContain('wg-quick(8)')
    // The empty tables stay: iptables made them, and has no way to remove them.
    const after = await withPrograms(state)
    const { routes, rules, addresses, links } = before.system
    expect(after.system).toMatchObject({ routes, rules, addresses, links })
  })

  it('neither nf_tables nor iptables-restore, neither resolvconf nor resolvectl: warnings', async () => {
    ours.machine = { ...thisMachine, nfTables: async () => undefined }
    await onlyPrograms()
    const before = await withPrograms(state)
    const heard: InterfaceWarning[] = []
    const onWarning = (warning: InterfaceWarning): unknown => heard.push(warning)
    const { warnings } = await ours.bringUp(config, { dns: 'resolvconf', onWarning })
    expect(warnings.map(({ code }) => code)).toEqual(['ENODNS', 'ENOFIREWALL', 'ENOFIREWALL'])
    expect(heard).toEqual(warnings)
    await ours.bringDown('wg0')
    const { validMarks } = (await withPrograms(state)).system
    expect(await withPrograms(state)).toEqual({
      ...before,
      system: { ...before.system, validMarks },
    })
  })

  it('lines of a file, and no shell was asked for', async () => {
    const lines = { preUp: [`touch ${folder}/ran`], postUp: ['exit 1'] }
    const { warnings } = await ours.bringUp({ ...plain, hooks: lines })
    expect(warnings.map(({ code }) => code)).toEqual(['EHOOKS', 'EHOOKS'])
    expect(await readdir(folder)).not.toContain('ran')
    await ours.bringDown('wg0')
  })
})

/** Puts a program before all others of its name. */
async function putProgram(name: string, text: string): Promise<string> {
  const programs = join(folder, 'programs')
  await mkdir(programs, { recursive: true })
  await writeFile(join(programs, name), text, { mode: 0o755 })
  if (!process.env.PATH?.startsWith(programs)) process.env.PATH = `${programs}:${process.env.PATH}`
  return join(programs, name)
}

/** Present while programs are hidden. */
let showPrograms: (() => Promise<void>) | undefined

/**
 * Leaves nothing to be found but these programs, and what makes devices: neither in PATH nor where programs
 * for root are, which are looked at as well.
 */
async function onlyPrograms(...names: string[]): Promise<void> {
  const programs = join(folder, 'few')
  await mkdir(programs)
  const { findProgram } = await import('../../packages/wireguard/src/interface/program.js')
  for (const name of [...names, 'nsenter', 'wireguard-go']) {
    const found = await findProgram(name)
    if (found) await copyFile(await realpath(found), join(programs, name))
  }
  showPrograms = await hidePrograms(programs)
}

async function withPrograms<T>(body: () => Promise<T>): Promise<T> {
  const few = process.env.PATH ?? ''
  await showPrograms?.()
  try {
    return await body()
  } finally {
    showPrograms = await hidePrograms(few)
  }
}

async function withoutPutPrograms<T>(body: () => Promise<T>): Promise<T> {
  const before = process.env.PATH ?? ''
  process.env.PATH = before.replace(`${join(folder, 'programs')}:`, '')
  try {
    return await body()
  } finally {
    process.env.PATH = before
  }
}
