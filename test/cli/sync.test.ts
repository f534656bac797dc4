import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig, type DeviceConfig, publicKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { UserspaceBackend } from '@wgctrl/uapi'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { open } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { keyPair, network, peerKey, secret } from '../contract/samples.js'
import { makeProgramFolder } from './built.js'
import { isLong } from './sizes.js'
import { runOurs, runProgram } from './wg.js'

const COUNT = isLong ? 10_000 : 2000
const { privateKey } = keyPair(1)

const peer = (n: number) => ({
  publicKey: peerKey(n),
  presharedKey: secret(n % 7),
  allowedIPs: [network(n)],
})
const device: DeviceConfig = {
  privateKey,
  listenPort: 51_820,
  peers: Array.from({ length: COUNT }, (_, n) => peer(n)),
}

/** The file of a device that differs in three peers: a network more, a keepalive, another preshared key. */
function conf(): string {
  const more: Record<number, string> = {
    5: `AllowedIPs = ${network(COUNT)}`,
    [COUNT / 2]: 'PersistentKeepalive = 25',
    [COUNT - 1]: `PresharedKey = ${secret(8)}`,
  }
  const sections = Array.from({ length: COUNT }, (_, n) => {
    const { publicKey: key, presharedKey, allowedIPs } = peer(n)
    const lines = ['[Peer]', `PublicKey = ${key}`, `PresharedKey = ${presharedKey}`]
    return [...lines, `AllowedIPs = ${allowedIPs.join(', ')}`, more[n] ?? ''].join('\n')
  })
  const start = `[Interface]\nPrivateKey = ${privateKey}\nListenPort = 51820`
  return `${[start, ...sections].join('\n')}\n`
}

const known = new Set(device.peers?.map(({ publicKey: key }) => key))

/**
 * The peers of the device that a text of the protocol changes. Left out is how a daemon is asked what it
 * understands before it is changed: by an update of a peer that nobody has.
 */
const peersIn = (text: string): string[] =>
  Array.from(text.matchAll(/^public_key=([0-9a-f]{64})$(\nupdate_only=true)?/gm))
    .map(([, hex = '', isUpdate]) => ({
      key: Buffer.from(hex, 'hex').toString('base64'),
      isUpdate,
    }))
    .filter(({ key, isUpdate }) => known.has(key) || !isUpdate)
    .map(({ key }) => key)

const expected = [5, COUNT / 2, COUNT - 1].map(peerKey).sort()

describe(`syncconf of ${COUNT} peers of which three differ`, () => {
  let folder = ''
  let path = ''
  beforeAll(async () => {
    await isolate()
    folder = await mkdtemp(join(tmpdir(), 'wgctrl-sync-'))
    path = join(folder, 'device.conf')
    await writeFile(path, conf(), { mode: 0o600 })
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('sends three peers, and then nothing: counted by a fake', async () => {
    const fake = new FakeDevice('wgsync0')
    fake.apply(checkConfig(device))
    await using server = await FakeUapiServer.listen('/var/run/wireguard/wgsync0.sock', fake)
    const sync = async (): Promise<string[]> => {
      const from = server.requests.length
      const done = await runOurs(['syncconf', 'wgsync0', path])
      expect(done).toEqual({ status: 0, out: '', err: '' })
      return server.requests.slice(from).filter((request) => request.startsWith('set=1'))
    }
    const sets = await sync()
    expect(sets.flatMap(peersIn).sort()).toEqual(expected)
    const [first] = sets.filter((request) => peersIn(request).length > 0)
    const keysIn = (text = ''): string[] => text.match(/^[a-z_]+(?==)/gm) ?? []
    const fields = ['allowed_ip', 'persistent_keepalive_interval', 'preshared_key']
    const of = (name: string): string[] => ['public_key', 'update_only', name]
    expect(keysIn(first)).toEqual(['set', ...fields.flatMap(of)])
    expect(await sync()).toEqual([])
  })

  it('sends three peers, and then nothing: seen by strace(1)', async () => {
    const backend = new UserspaceBackend()
    const name = uniqueName()
    await backend.create(name)
    onTestFinished(() => backend.delete(name))
    await backend.configure(name, device)
    const programs = await makeProgramFolder()
    onTestFinished(() => programs.remove())
    const sync = async (): Promise<string[]> => {
      const trace = join(folder, 'trace')
      const calls = ['-f', '-e', 'trace=write,writev,sendto,sendmsg', '-s', '10000000', '-o', trace]
      const program = join(programs.path, 'wg')
      const done = await runProgram('strace', [...calls, program, 'syncconf', name, path])
      expect(done).toEqual({ status: 0, out: '', err: '' })
      const { out } = await runProgram('grep', ['-E', 'get=1|set=1|public_key', trace])
      // strace writes an end of line as \n.
      return out.split('\n').map((line) => line.replaceAll('\\n', '\n'))
    }
    const traced = await sync()
    expect(traced.filter((line) => line.includes('get=1'))).not.toEqual([])
    expect(traced.flatMap(peersIn).sort()).toEqual(expected)
    const again = await sync()
    expect(again.filter((line) => line.includes('get=1'))).not.toEqual([])
    expect(again.filter((line) => line.includes('set=1'))).toEqual([])
    expect(again.flatMap(peersIn)).toEqual([])
  })
})

describe('sync', () => {
  it('loses no packet of a peer that stays as it is', async () => {
    await isolate()
    const wg = await open({ backends: ['userspace'] })
    onTestFinished(() => wg.close())
    const ends = [1, 2].map((n) => ({
      netns: `wgsync${n}`,
      name: uniqueName(),
      outside: `10.91.0.${n}`,
      inside: `10.92.0.${n}`,
      ...keyPair(n),
    }))
    const [near, far] = ends as [(typeof ends)[number], (typeof ends)[number]]
    for (const { netns } of ends) {
      await ip('netns', 'add', netns)
      onTestFinished(async () => void (await ip('netns', 'delete', netns)))
    }
    await ip(
      'link',
      'add',
      'cable',
      'netns',
      near.netns,
      'type',
      'veth',
      'peer',
      'name',
      'cable',
      'netns',
      far.netns,
    )
    const configOf = (own: typeof near, other: typeof near): DeviceConfig => ({
      privateKey: own.privateKey,
      listenPort: 51_820,
      peers: [
        {
          publicKey: publicKey(other.privateKey),
          endpoint: `${other.outside}:51820`,
          allowedIPs: [`${other.inside}/32`],
        },
      ],
    })
    for (const end of ends) {
      const { netns, name, outside, inside } = end
      await ip('-n', netns, 'address', 'add', `${outside}/30`, 'dev', 'cable')
      await ip('-n', netns, 'link', 'set', 'cable', 'up')
      await wg.create(name, { netns, backend: 'userspace' })
      onTestFinished(() => wg.delete(name))
      await wg.configure(name, configOf(end, end === near ? far : near))
      await ip('-n', netns, 'address', 'add', `${inside}/24`, 'dev', name)
      // Room for what is sent while the daemon has no processor.
      await ip('-n', netns, 'link', 'set', name, 'txqueuelen', '10000', 'up')
    }
    const ping = (...words: string[]) =>
      runProgram('ip', ['netns', 'exec', near.netns, 'ping', '-q', ...words, far.inside])
    const greeting = await ping('-c', '1', '-W', '60')
    expect(greeting.status, greeting.out).toBe(0)

    const base = configOf(near, far)
    const pings = isLong ? 3000 : 1000
    for (let n = 0; n < (isLong ? 100 : 25); ) {
      let isOver = false
      // As fast as they are answered: more at once than a socket holds would be lost while the daemon has no processor.
      const flood = ping('-A', '-c', `${pings}`, '-W', '60').finally(() => {
        isOver = true
      })
      while (!isOver) {
        const peers = [...(base.peers ?? []), ...others(n++)]
        expect(await wg.sync(near.name, { ...base, peers })).not.toEqual([])
      }
      const { out } = await flood
      expect(out).toContain(`${pings} packets transmitted, ${pings} received, 0% packet loss`)
    }
  })
})

/** Neighbours of an unchanged 10.92.0.2/32: networks around it come, go, and move between two peers. */
function others(n: number) {
  const around = ['10.92.0.0/24', '10.92.0.0/30', '10.92.0.3/32', '10.0.0.0/8', '0.0.0.0/0']
  const [one, two] = [peerKey(1), peerKey(2)].map((key, at) => ({
    publicKey: key,
    allowedIPs: around.filter((_, index) => (n + index) % 3 === at),
  }))
  return n % 5 === 0
    ? [one as NonNullable<typeof one>]
    : [one as NonNullable<typeof one>, two as NonNullable<typeof two>]
}
