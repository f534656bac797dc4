import { formatPublicKey } from '@wgctrl/types'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type InterfaceConfig, open, type WireGuard } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { chosenBackend } from './sides.js'

const kind = await chosenBackend()
const keyOf = (n: number) => formatPublicKey(new Uint8Array(32).fill(n))

const configOf = (name: string, ...keys: number[]): InterfaceConfig => ({
  name,
  privateKey: new Uint8Array(32).fill(9),
  addresses: ['10.0.0.254/24'],
  peers: keys.map((n) => ({ publicKey: keyOf(n), allowedIPs: [`10.${n}.0.0/16`] })),
})

async function client(): Promise<WireGuard> {
  await isolate()
  const wg = await open()
  onTestFinished(() => wg.close())
  return wg
}

const peersOf = async (wg: WireGuard, name: string) =>
  (await wg.device(name)).peers.map(({ publicKey }) => publicKey).sort()

const routesOf = async (name: string) =>
  (await ip('-4', 'route', 'show', 'dev', name)).match(/^10\.\d+\.0\.0\/16/gm)?.sort() ?? []

const asked = { backend: kind } as const

describe(`ensure, on devices of kind ${kind}`, () => {
  it('makes an interface, changes it, and then does nothing', async () => {
    const wg = await client()
    const name = uniqueName()
    expect(await wg.ensure(configOf(name, 1), { ...asked, dryRun: true })).toMatchObject({
      action: 'up',
      plan: { name, faults: [] },
    })
    expect(await wg.names()).not.toContain(name)

    const made = await wg.ensure(configOf(name, 1), asked)
    expect(made).toMatchObject({ action: 'up', up: { name, kind } })
    expect(await wg.ensure(configOf(name, 1), asked)).toEqual({ action: 'none' })

    const foreseen = await wg.ensure(configOf(name, 1, 2), { ...asked, dryRun: true })
    expect(await peersOf(wg, name)).toEqual([keyOf(1)])
    expect(await wg.ensure(configOf(name, 1, 2), asked)).toEqual(foreseen)
    expect(await peersOf(wg, name)).toEqual([keyOf(1), keyOf(2)])
    expect(await routesOf(name)).toEqual(['10.1.0.0/16', '10.2.0.0/16'])
    await wg.down(name)
  })

  it('is safe beside another one: the last call wins, and one makes the interface', async () => {
    const [one, other] = [await client(), await client()]
    const name = uniqueName()
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all([
        one.ensure(configOf(name, 1, 2), asked),
        other.ensure(configOf(name, 2), asked),
        one.ensure(configOf(name, 3), asked),
      ])
      expect(results.map(({ action }) => action)).toEqual(['up', 'reconcile', 'reconcile'])
      expect(await peersOf(one, name)).toEqual([keyOf(3)])
      expect(await routesOf(name)).toEqual(['10.3.0.0/16'])
      await one.down(name)
    }
  })

  it('refuses what is wrong, and an interface of another kind, before it does anything', async () => {
    const wg = await client()
    const name = uniqueName()
    const wrong = { ...configOf(name, 1), addresses: ['10.0.0.300'] }
    await expect(wg.ensure(wrong)).rejects.toMatchObject({ code: 'EINVAL', path: 'addresses[0]' })
    await expect(wg.ensure(configOf(name), { dryrun: true } as object)).rejects.toMatchObject({
      path: 'options.dryrun',
    })
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'other')
    await expect(wg.ensure(configOf(name, 1))).rejects.toMatchObject({ code: 'ENOTWIREGUARD' })
    expect(await ip('address', 'show', 'dev', name)).not.toContain('10.0.0.254')
    await ip('link', 'delete', name)
  })
})
