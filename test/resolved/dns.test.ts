import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { generatePrivateKey, open, publicKey, type WireGuard } from 'wgctrl'
import {
  hasDns,
  resolvConf,
  setDns,
  unsetDns,
  whyNoDns,
} from '../../packages/wireguard/src/interface/dns.js'
import { findResolved } from '../../packages/wireguard/src/interface/resolved.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import type { Undo } from '../../packages/wireguard/src/interface/transaction.js'
import { withoutPrivileges } from '../contract/privileges.js'
import { run, runWith } from '../lifecycle/command.js'
import { TestNamespace } from '../lifecycle/namespace.js'
import { usePrograms, useRecords } from '../lifecycle/sides.js'
import { layLink } from './link.js'
import { ResolvedStage } from './stage.js'

const options = { machine: thisMachine }
let stage: ResolvedStage
/** Of `link0`. */
let index: number
let wg: WireGuard

beforeAll(async () => {
  index = await layLink()
  stage = await ResolvedStage.begin()
  wg = await open()
})

afterAll(async () => {
  await wg.close()
  await stage[Symbol.asyncDispose]()
})

async function there() {
  const resolved = await findResolved(undefined)
  if (typeof resolved === 'string') throw new Error(resolved)
  return resolved
}

const dns = {
  servers: ['10.9.0.53', 'fd00::53', '::ffff:10.9.0.54', 'fe80::53%link0'],
  search: ['a.example', '~corp.example', 'b.example.'],
}

describe('what a link is told', () => {
  afterEach(() => stage.resolvectl('revert', 'link0'))

  it('is what resolvectl tells it, and can be taken back', async () => {
    const untold = await stage.told('link0')
    const resolved = await there()
    await resolved.setLink(index, dns, 'link0')
    const ours = await stage.told('link0')
    const status = await stage.resolvectl('status', 'link0')
    expect(ours.join('')).toContain('10.9.0.53 fd00::53 ')
    await resolved.revertLink(index)
    expect(await stage.told('link0')).toEqual(untold)

    await stage.resolvectl('dns', 'link0', ...dns.servers)
    await stage.resolvectl('domain', 'link0', '~.', ...dns.search)
    expect(await stage.told('link0')).toEqual(ours)
    expect(await stage.resolvectl('status', 'link0')).toBe(status)
  })

  it('is what its resolvconf tells it, but for the order of the domains', async () => {
    await (await there()).setLink(index, dns, 'link0')
    const ours = wordsOf(await stage.told('link0'))
    await (await there()).revertLink(index)
    const resolvconf = join(await stage.programsAs('resolvconf'), 'resolvconf')
    await runWith(resolvConf(dns), resolvconf, '-a', 'link0', '-m', '0', '-x')
    expect(wordsOf(await stage.told('link0'))).toEqual(ours)
  })

  it('is nothing when it does not take a part of it, of which the field is named', async () => {
    const untold = await stage.told('link0')
    const target = {
      name: 'link0',
      index,
      choice: 'auto',
      options,
    } as const
    const wrong = { ...dns, search: ['a..example'] }
    await expect(setDns(wrong, target)).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'dns.search',
    })
    expect(await stage.told('link0')).toEqual(untold)
    const foreign = { ...dns, servers: ['10.9.0.53', 'fe80::1%far0'] }
    await expect(setDns(foreign, target)).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'dns.servers[1]',
    })
    expect(await stage.told('link0')).toEqual(untold)
    await expect(stage.resolvectl('dns', 'link0', 'fe80::1%far0')).rejects.toThrow('far0')
  })

  it('can be refused: a link that is not there, a user who may not', async () => {
    const resolved = await there()
    const plain = { servers: ['10.9.0.53'], search: [] }
    await expect(resolved.setLink(4711, plain, 'link0')).rejects.toMatchObject({ code: 'ENODEV' })
    await resolved.revertLink(4711)
    await withoutPrivileges(() =>
      expect(resolved.setLink(index, plain, 'link0')).rejects.toMatchObject({ code: 'EPERM' }),
    )
  })
})

describe('whom it comes down to', () => {
  const target = { name: 'link0', choice: 'auto', options } as const

  afterEach(async () => {
    await stage.resolvectl('revert', 'link0')
    await takeResolvConf()
  })

  it('a resolvconf that has resolv.conf, or systemd-resolved that has it', async () => {
    using records = await useRecords()
    const untold = await stage.told('link0')
    await undo(await setDns(dns, { ...target, index }), async () => {
      expect(await readdir(records.folder)).toEqual(['link0'])
      expect(await stage.told('link0')).toEqual(untold)
    })
    await giveResolvConf()
    await undo(await setDns(dns, { ...target, index }), async () => {
      expect(await readdir(records.folder)).toEqual([])
      expect(await stage.told('link0')).not.toEqual(untold)
    })
    expect(await stage.told('link0')).toEqual(untold)
  })

  it('what another had set is taken back: in resolvconf, and of systemd-resolved', async () => {
    using records = await useRecords()
    const untold = await stage.told('link0')
    await setDns(dns, { ...target, index })
    await giveResolvConf()
    await setDns(dns, { ...target, index })
    expect(await hasDns(target)).toBe(true)
    await giveResolvConf()
    await unsetDns({ ...target, index })
    expect(await readdir(records.folder)).toEqual([])
    expect(await stage.told('link0')).toEqual(untold)
  })

  it('systemd-resolved without a program, where resolvconf is another name of its own', async () => {
    using _ = usePrograms(await stage.programsAs('resolvconf', 'resolvectl'))
    const machine = { ...thisMachine, tryProgram: vi.fn(thisMachine.tryProgram) }
    const untold = await stage.told('link0')
    const asked = { ...target, index, options: { machine } }
    await setDns(dns, asked)
    expect(await stage.told('link0')).not.toEqual(untold)
    expect(await hasDns(asked)).toBe(false)
    await unsetDns(asked)
    expect(await stage.told('link0')).toEqual(untold)
    expect(machine.tryProgram).not.toHaveBeenCalled()
  })

  it('nobody, for the links of a network namespace that it does not know', async () => {
    await using namespace = await TestNamespace.createBare('wgctrl-dns')
    const netns = namespace.name
    expect(await findResolved(netns)).toBe('elsewhere')
    const there = { ...target, choice: 'resolved', options: { ...options, netns } } as const
    expect(await whyNoDns(there)).toMatch('another network namespace')
    expect(await setDns(dns, { ...there, index })).toMatch('another network')
  })
})

describe('an interface', () => {
  const config = {
    name: 'wg0',
    privateKey: generatePrivateKey(),
    addresses: ['10.8.0.2/32'],
    dns: { servers: ['10.8.0.53'], search: ['a.example'] },
    peers: [{ publicKey: publicKey(generatePrivateKey()), allowedIPs: ['0.0.0.0/0'] }],
  }

  it('has its name servers from up to down, without a program', async () => {
    const untold = (await stage.told('link0')).map((line) => line.replaceAll('link0', 'wg0'))
    await wg.up(config)
    const told = await stage.told('wg0')
    expect(told.join('')).toMatch(/10\.8\.0\.53\n.*~\. a\.example/)
    const before: unknown[] = []
    const onStep = async ({ step }: { step: string }) => {
      if (step === 'remove the interface')
        before.push(...(await stage.told('wg0')).map(withoutIndex))
    }
    await wg.down(config, { onStep })
    expect(before).toEqual(untold.map(withoutIndex))
  })

  it('that cannot be made takes them back', async () => {
    const postUp = async () => {
      expect(await stage.resolvectl('dns', 'wg0')).toContain('10.8.0.53')
      throw new Error('no')
    }
    await expect(wg.up({ ...config, hooks: { postUp: [postUp] } })).rejects.toThrow('no')
    expect(await stage.resolvectl('dns')).not.toContain('10.8.0.53')
  })

  it('whose link is gone has nothing to take back', async () => {
    await wg.up(config)
    await run('ip', 'link', 'delete', 'wg0')
    await wg.down(config)
    expect(await stage.resolvectl('dns')).not.toContain('10.8.0.53')
  })
})

/** Has /etc/resolv.conf be the file of systemd-resolved, of which every change makes another. */
async function giveResolvConf(): Promise<void> {
  await takeResolvConf()
  await run('mount', '--bind', '/run/systemd/resolve/stub-resolv.conf', '/etc/resolv.conf')
}

async function takeResolvConf(): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  if (mounts.includes(' /etc/resolv.conf ')) await run('umount', '/etc/resolv.conf')
}

async function undo(done: Undo | string, between: () => Promise<void>): Promise<void> {
  if (typeof done === 'string') throw new Error(done)
  await between()
  await done()
}

const wordsOf = (told: readonly string[]): string[] => told.join(' ').split(/\s+/).sort()

/** As resolvectl(1) begins a line: `Link 5 (wg0)`. */
const withoutIndex = (line: string): string => line.replace(/^Link \d+/, 'Link')
