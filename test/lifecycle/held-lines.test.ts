import { abortable, Deadline, formatPublicKey } from '@wgctrl/types'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open, type WireGuard } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { stopProcess } from '../stopped-process.js'

const keyOf = (n: number) => formatPublicKey(new Uint8Array(32).fill(n))
const stateOf = (...keys: number[]) => ({
  privateKey: new Uint8Array(32).fill(9),
  addresses: ['10.0.0.254/24'],
  peers: keys.map((n) => ({ publicKey: keyOf(n), allowedIPs: [`10.0.0.${n}/32`] })),
})
const deviceOf = (...keys: number[]) => {
  const { addresses: _, ...device } = stateOf(...keys)
  return device
}

async function twoClients(): Promise<[WireGuard, WireGuard]> {
  await isolate()
  const clients: [WireGuard, WireGuard] = [await open(), await open()]
  onTestFinished(async () => {
    for (const client of clients) await client.close()
  })
  return clients
}

it('two clients sync and reconcile one interface: it is what the last call wants', async () => {
  const [one, other] = await twoClients()
  const name = uniqueName()
  await one.up({ name, ...stateOf() })
  const keys = async () => (await one.device(name)).peers.map(({ publicKey }) => publicKey)
  for (let round = 0; round < 5; round++) {
    await Promise.all([one.reconcile(name, stateOf(1, 2)), other.reconcile(name, stateOf(1))])
    expect(await keys()).toEqual([keyOf(1)])
    await Promise.all([one.sync(name, deviceOf(1, 2)), other.sync(name, deviceOf(2))])
    expect(await keys()).toEqual([keyOf(2)])
  }
  await one.down(name)
})

it('down beside up of one name: one after the other, in the order of the calls', async () => {
  const [one, other] = await twoClients()
  const name = uniqueName()
  await one.up({ name, ...stateOf(1) })
  await Promise.all([one.down(name), other.up({ name, ...stateOf(2) })])
  expect((await one.device(name)).peers).toMatchObject([{ publicKey: keyOf(2) }])
  await one.down(name)
  expect(await one.names()).not.toContain(name)
})

it('what a hook calls on its own interface is part of the turn', async () => {
  const [one] = await twoClients()
  const name = uniqueName()
  const done: string[] = []
  const hook = async (): Promise<void> => {
    await one.configure(name, { listenPort: 4000 })
    await one.reconcile(name, stateOf(1))
    done.push('hook')
  }
  const up = one.up({ name, ...stateOf(1), hooks: { postUp: [hook] } })
  const behind = one.device(name).then(() => done.push('read'))
  await Promise.all([up, behind])
  expect(done).toEqual(['hook', 'read'])
  await one.down(name)
})

it('reconcile puts right what came between its reading and its writing', async () => {
  const [one] = await twoClients()
  const name = uniqueName()
  await one.up({ name, ...stateOf() })
  let steps = 0
  // From within, so that it does not have to wait for its turn, as another process has not.
  const onStep = async (): Promise<void> => {
    if (steps++ === 0) await one.configure(name, deviceOf(3))
  }
  const changes = await one.reconcile(name, stateOf(1), { onStep })
  expect(changes).toMatchObject([{ kind: 'peer-added', publicKey: keyOf(1) }])
  expect((await one.device(name)).peers.map(({ publicKey }) => publicKey)).toEqual([keyOf(1)])
  await one.down(name)
})

describe('beside rules that a dead tunnel has left', () => {
  const tunnel = (name: string) => ({
    name,
    privateKey: new Uint8Array(32).fill(9),
    peers: [{ publicKey: keyOf(1), allowedIPs: ['0.0.0.0/0'] }],
  })

  /** Much longer than any step takes, and less than a device may. */
  const soon = async <T>(call: Promise<T>): Promise<T> => {
    using end = new Deadline({ timeout: 50_000 })
    return await abortable(call, end.signal)
  }

  async function leaveRules(): Promise<void> {
    await ip('rule', 'add', 'not', 'fwmark', '51820', 'table', '51820')
    await ip('rule', 'add', 'table', 'main', 'suppress_prefixlength', '0')
  }

  it('two tunnels that come up at once do not wait for each other', async () => {
    const [one, other] = await twoClients()
    const names = [uniqueName(), uniqueName()] as const
    await leaveRules()
    const all = Promise.all([one.up(tunnel(names[0])), other.up(tunnel(names[1]))])
    const marks = (await soon(all)).map(({ firewallMark }) => firewallMark)
    expect(marks.sort()).toEqual([51820, 51821])
    await soon(Promise.all([one.down(names[0]), other.down(names[1])]))
    expect(await ip('rule')).not.toContain('fwmark')
  })

  it('nobody waits for a daemon that hangs, and what may be its own stays', async () => {
    const [one] = await twoClients()
    const [hung, name] = [uniqueName(), uniqueName()]
    await one.create(hung)
    if ((await one.device(hung)).kind !== 'userspace') return await one.delete(hung)
    await leaveRules()
    const pid = await daemonOf(hung)
    await stopProcess(pid)
    onTestFinished(async () => {
      if (pid !== undefined) process.kill(pid, 'SIGCONT')
      await one.delete(hung)
    })
    expect((await soon(one.up(tunnel(name)))).firewallMark).toBe(51821)
    await soon(one.down(name))
    expect(await ip('rule')).toContain('fwmark 0xca6c lookup 51820')
  })
})
