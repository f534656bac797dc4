import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generatePrivateKey, publicKey } from 'wgctrl'
import {
  bringDown,
  bringUp,
  type InterfaceConfig,
  reconcile,
  reresolve,
} from '../../packages/wireguard/src/interface/index.js'
import { EndpointResolver } from '../../packages/wireguard/src/resolve.js'
import { run } from './command.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours } from './sides.js'
import { leftovers, snapshot } from './snapshot.js'

const kind = await chosenBackend()

let inside: TestNamespace
let outside: TestNamespace

/** Two namespaces, and a cable between them: 198.51.100.1 inside, .2 outside. */
beforeEach(async () => {
  inside = await TestNamespace.create('wgctrl-inside')
  outside = await TestNamespace.create('wgctrl-outside')
  const [one, two] = [inside.name, outside.name]
  await run(
    ...(['ip', 'link', 'add', 'cable', 'netns', one] as const),
    ...['type', 'veth', 'peer', 'name', 'cable', 'netns', two],
  )
  for (const [end, host] of [[inside, 1] as const, [outside, 2] as const]) {
    await end.ip('address', 'add', `198.51.100.${host}/24`, 'dev', 'cable')
    await end.ip('link', 'set', 'cable', 'up')
  }
})

afterEach(async () => {
  await inside[Symbol.asyncDispose]()
  await outside[Symbol.asyncDispose]()
})

const [clientKey, serverKey] = [generatePrivateKey(), generatePrivateKey()]

const server: InterfaceConfig = {
  name: 'wgserver',
  privateKey: serverKey,
  listenPort: 51830,
  addresses: ['10.9.0.2/24', 'fd00:9::2/64'],
  peers: [{ publicKey: publicKey(clientKey), allowedIPs: ['10.9.0.1/32', 'fd00:9::1/128'] }],
}

const client: InterfaceConfig = {
  name: 'wgclient',
  privateKey: clientKey,
  addresses: ['10.9.0.1/32', 'fd00:9::1/128'],
  peers: [
    {
      publicKey: publicKey(serverKey),
      endpoint: '198.51.100.2:51830',
      allowedIPs: ['0.0.0.0/0', '::/0'],
    },
  ],
}

const ping = (from: TestNamespace, to: string): Promise<string> =>
  from.run('ping', '-c', '1', '-W', '60', to)

describe(`network namespaces, on devices of kind ${kind}`, () => {
  it('a tunnel between two, with the default route of one', async () => {
    await using near = await Ours.in(inside, kind)
    await using far = await Ours.in(outside, kind)
    await far.bringUp(server)
    await near.bringUp(client)
    await outside.ip('address', 'add', '203.0.113.1/32', 'dev', 'lo')
    expect(await ping(inside, '10.9.0.2')).toContain('1 received')
    expect(await ping(inside, 'fd00:9::2')).toContain('1 received')
    expect(await ping(inside, '203.0.113.1')).toContain('1 received')
    // The local network stays in reach.
    expect(await ping(inside, '198.51.100.2')).toContain('1 received')
    await near.bringDown('wgclient')
    await far.bringDown('wgserver')
  })

  it('a socket in one, the interface in another that has no other way out', async () => {
    await run('ip', 'netns', 'add', 'wgctrl-app')
    try {
      await using far = await Ours.in(outside, kind)
      await far.bringUp(server)
      await using near = await Ours.in(inside, kind)
      const context = { ...near.context, netns: 'wgctrl-app' }
      await using wg = await openIn('wgctrl-app')
      const before = await snapshot(inside)
      const app = { ...context, wg }
      await bringUp(app, client, { socketNetns: inside.name })
      expect(await snapshot(inside)).toEqual(before)
      expect(await inApp('ping', '-c', '1', '-W', '60', '10.9.0.2')).toContain('1 received')
      expect(await inApp('ip', '-br', 'link')).not.toContain('uplink')
      await bringDown(app, 'wgclient')
      expect(await inApp('ip', '-br', 'link')).not.toContain('wgclient')
      await far.bringDown('wgserver')
      expect((await leftovers()).daemons).toEqual([])
    } finally {
      await run('ip', 'netns', 'delete', 'wgctrl-app')
    }
  })

  it('a name that is taken where the interface goes: nothing stays in either', async () => {
    await run('ip', 'netns', 'add', 'wgctrl-app')
    try {
      await using wg = await openIn('wgctrl-app')
      const resolver = new EndpointResolver()
      const context = { wg, resolver, netns: 'wgctrl-app' }
      const before = await snapshot(inside)
      await expect(
        bringUp(context, client, {
          socketNetns: inside.name,
          onStep: ({ step }) => {
            if (step.startsWith('move')) throw new Error('no')
          },
        }),
      ).rejects.toMatchObject({ step: 'move it into its network namespace' })
      expect(await snapshot(inside)).toEqual(before)
      expect((await leftovers()).daemons).toEqual([])
    } finally {
      await run('ip', 'netns', 'delete', 'wgctrl-app')
    }
  })

  it('name servers of a named namespace', async () => {
    const file = `/etc/netns/${inside.name}/resolv.conf`
    await using near = await Ours.in(inside, kind)
    const dns = { servers: ['10.9.0.53'], search: ['corp.example'] }
    const { warnings } = await near.bringUp({ ...client, dns })
    expect(warnings).toEqual([])
    const text = await readFile(file, 'utf8')
    expect(text).toContain('nameserver 10.9.0.53\nsearch corp.example\n')
    await near.bringDown('wgclient')
    await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('a name whose address has changed', async () => {
    await using near = await Ours.in(inside, kind)
    await using far = await Ours.in(outside, kind)
    await far.bringUp(server)
    let address = '198.51.100.77'
    const asked: string[] = []
    const lookup = async (host: string) => {
      asked.push(host)
      return [{ address }]
    }
    const resolver = new EndpointResolver({ lookup })
    const context = { ...near.context, resolver }
    const [peer] = client.peers ?? []
    if (!peer) throw new Error('no peer')
    await near.bringUp({ ...client, peers: [{ ...peer, endpoint: '198.51.100.77:51830' }] })
    const named = { peers: [{ ...peer, endpoint: 'vpn.example:51830' }] }
    const absent = Array.from({ length: 20 }, (_, index) => ({
      publicKey: publicKey(generatePrivateKey()),
      endpoint: `absent-${index}.example:1`,
    }))

    // Of peers that the device does not have, no name is looked up.
    const crowd = { peers: [...absent, ...named.peers] }
    expect(await reresolve(context, 'wgclient', crowd)).toEqual({ moved: [], errors: [] })
    expect(asked).toEqual(['vpn.example'])
    expect(await reresolve(context, 'wgclient', named)).toEqual({ moved: [], errors: [] })
    address = '198.51.100.2'
    const { moved, errors } = await reresolve(context, 'wgclient', named)
    expect(errors).toEqual([])
    expect(moved).toEqual([
      {
        publicKey: peer.publicKey,
        name: 'vpn.example:51830',
        from: '198.51.100.77:51830',
        to: '198.51.100.2:51830',
      },
    ])
    expect(await ping(inside, '10.9.0.2')).toContain('1 received')
    // Now that there was a handshake, the name is not even looked up.
    address = '198.51.100.99'
    expect((await reresolve(context, 'wgclient', named)).moved).toEqual([])
    expect((await reresolve(context, 'wgclient', named, { olderThan: 0 })).moved).toHaveLength(1)
    await near.bringDown('wgclient')
    await far.bringDown('wgserver')
  })

  it('a signal of the system, where the program turns it into an abort', async () => {
    await using near = await Ours.in(inside, kind)
    const before = await snapshot(inside)
    const controller = new AbortController()
    process.once('SIGINT', () => controller.abort())
    // Node tells of it in a turn of its own: without somebody who waits for it, all may be done by then.
    const interrupt = async (): Promise<void> => {
      const aborted = once(controller.signal, 'abort')
      process.kill(process.pid, 'SIGINT')
      await aborted
    }
    const hooks = { postUp: [interrupt, () => {}] }
    const attempt = near.bringUp({ ...client, hooks }, { signal: controller.signal })
    await expect(attempt).rejects.toMatchObject({ name: 'AbortError' })
    expect(await snapshot(inside)).toEqual(before)
    expect((await leftovers()).daemons).toEqual([])
  })
})

/** A namespace in which no table of routes was ever made: the kernel has no IPv4 main table to list. */
describe(`a namespace with nothing in it, on devices of kind ${kind}`, () => {
  const only: [string, string[], string[]][] = [
    ['IPv6', ['fd00::2/64'], ['fd01::/64']],
    ['IPv6, for everything', ['fd00::2/64'], ['::/0']],
    ['IPv4', ['10.9.0.1/24'], ['10.30.0.0/16']],
    ['IPv4, for everything', ['10.9.0.1/24'], ['0.0.0.0/0']],
    ['neither', [], []],
  ]
  it.each(only)(
    'takes an interface of %s, up, changed and down',
    async (_, addresses, allowedIPs) => {
      await run('ip', 'netns', 'add', 'wgctrl-bare')
      try {
        const bare = { name: 'wgctrl-bare' } as TestNamespace
        await using ours = await Ours.in(bare, kind)
        const [peer] = client.peers ?? []
        const config = { ...client, addresses, peers: [{ ...peer, allowedIPs }] } as InterfaceConfig
        for (let again = 0; again < 2; again++) {
          await ours.bringUp(config)
          expect(await reconcile(ours.context, config.name, config)).toEqual([])
          await ours.bringDown(again === 0 ? config : config.name)
          const left = await run('sh', '-c', 'ip -n wgctrl-bare rule; ip -n wgctrl-bare -6 rule')
          expect(left.match(/^\d+/gm)).toEqual(['0', '32766', '32767', '0', '32766'])
        }
      } finally {
        await run('ip', 'netns', 'delete', 'wgctrl-bare')
      }
    },
  )
})

async function openIn(netns: string) {
  const { KernelBackend } = await import('@wgctrl/netlink')
  const { UserspaceBackend } = await import('@wgctrl/uapi')
  const { open } = await import('wgctrl')
  const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
  return await open({ backends: [backend] })
}

const inApp = (command: string, ...args: string[]): Promise<string> =>
  run('ip', 'netns', 'exec', 'wgctrl-app', command, ...args)
