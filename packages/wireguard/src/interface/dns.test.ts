import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WireGuardError } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { resolvConf, setDns, unsetDns, whyNoDns } from './dns.js'
import type { Machine, Resolved } from './machine.js'
import { thisMachine } from './this-machine.js'

describe('resolvConf', () => {
  it('has a line for each server and one for all domains', () => {
    const dns = { servers: ['10.0.0.53', 'fd00::53'], search: ['a.example', 'b.example'] }
    expect(resolvConf(dns)).toBe(
      'nameserver 10.0.0.53\nnameserver fd00::53\nsearch a.example b.example\n',
    )
  })

  it('has no line for no domain', () => {
    expect(resolvConf({ servers: ['10.0.0.53'], search: [] })).toBe('nameserver 10.0.0.53\n')
  })
})

/** Stands for resolvectl(1) of a machine that runs systemd-resolved: writes down how it was called. */
describe('systemd-resolved', () => {
  const dns = { servers: ['10.0.0.53', 'fd00::53'], search: ['a.example'] }
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgctrl-dns-'))
    vi.stubEnv('PATH', `${folder}:/bin:/usr/bin`)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  function putResolvectl(refused = 'nothing'): void {
    const script = `#!/bin/sh
echo "$*" >>${folder}/log
[ "$1" = ${refused} ] && echo "Failed to set DNS configuration: no such link" >&2 && exit 1
exit 0
`
    writeFileSync(join(folder, 'resolvectl'), script, { mode: 0o755 })
  }
  const calls = (): string[] => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
  const options = { machine: thisMachine }
  const target = { name: 'wg0', index: 7, choice: 'resolvectl', options } as const

  it('gets the servers, the domains and all other names, and loses them again', async () => {
    putResolvectl()
    const undo = await setDns(dns, target)
    expect(calls()).toEqual(['dns wg0 10.0.0.53 fd00::53', 'domain wg0 ~. a.example'])
    if (typeof undo === 'string') throw new Error(undo)
    await undo()
    expect(calls()).toHaveLength(3)
    expect(calls().at(-1)).toBe('revert wg0')
  })

  it('that refuses the domains loses the servers, too', async () => {
    putResolvectl('domain')
    await expect(setDns(dns, target)).rejects.toMatchObject({
      code: 'EIO',
      message: expect.stringContaining('no such link'),
    })
    expect(calls().at(-1)).toBe('revert wg0')
  })

  it('needs nothing when the link goes, and is named where it is missing', async () => {
    putResolvectl()
    await unsetDns(target)
    expect(existsSync(join(folder, 'log'))).toBe(false)
    rmSync(join(folder, 'resolvectl'))
    vi.stubEnv('PATH', folder)
    expect(await setDns(dns, target)).toBe('resolvectl is not installed')
  })
})

describe('whom auto comes down to', () => {
  const dns = { servers: ['10.0.0.53'], search: [] }
  const resolved = (isInCharge: boolean): Resolved => ({
    isInCharge,
    setLink: async () => void told.push('resolved'),
    revertLink: async () => void told.push('revert'),
  })
  let told: string[]

  beforeEach(() => {
    told = []
  })

  async function setBy(
    found: Awaited<ReturnType<Machine['resolved']>> | Error,
    ...programs: string[]
  ): Promise<string> {
    const machine: Machine = {
      ...thisMachine,
      readText: async () => undefined,
      resolved: async () => {
        if (found instanceof Error) throw found
        return found
      },
      findProgram: async (name) => (programs.includes(name) ? `/nowhere/${name}` : undefined),
      tryProgram: async (path) => {
        told.push(path.slice('/nowhere/'.length))
        return { status: 0, output: '', complaint: '' }
      },
    }
    const target = { name: 'wg0', index: 7, choice: 'auto', options: { machine } } as const
    const done = await setDns(dns, target)
    if (typeof done !== 'string') return told[0] ?? ''
    expect(await whyNoDns(target)).toBe(done)
    return done
  }

  const broken = new WireGuardError('the bus is broken', { code: 'EPROTO' })

  it.each([
    [resolved(true), ['resolvconf', 'resolvectl'], 'resolved'],
    [resolved(false), ['resolvconf', 'resolvectl'], 'resolvconf'],
    [resolved(false), ['resolvectl'], 'resolved'],
    [resolved(false), [], 'resolved'],
    ['absent', ['resolvconf', 'resolvectl'], 'resolvconf'],
    ['absent', ['resolvectl'], 'resolvectl'],
    ['absent', [], 'systemd-resolved does not run, and neither'],
    ['elsewhere', ['resolvconf'], 'resolvconf'],
    ['elsewhere', ['resolvectl'], 'another network namespace'],
    [broken, ['resolvconf'], 'resolvconf'],
    [broken, ['resolvectl'], 'resolvectl'],
    [broken, [], 'cannot be asked: the bus is broken, and neither'],
  ] as const)('%j, beside %j: %s', async (found, programs, by) => {
    expect(await setBy(found, ...programs)).toContain(by)
  })
})
