import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { daemonsGone } from '../contract/harnesses/wireguard-go.js'
import { keyPair, peerKey, secret } from '../contract/samples.js'
import { configured, viewOf } from '../interop/view.js'
import { makeProgramFolder } from './built.js'
import { type Outcome, runProgram } from './wg.js'

const NAME = 'wgquick0'

/** wg-quick(8) does all that has to do with devices through a program called `wg`. */
describe('wg-quick(8) with ours for wg(8)', () => {
  const backend = new UserspaceBackend()
  let programs: Awaited<ReturnType<typeof makeProgramFolder>>
  let folder = ''
  beforeAll(async () => {
    await isolate()
    // No addresses that the kernel makes up: each interface would have another.
    const mode = 'net.ipv6.conf.default.addr_gen_mode=1'
    expect((await runProgram('sysctl', ['-qw', mode])).status).toBe(0)
    programs = await makeProgramFolder()
    folder = await mkdtemp(join(tmpdir(), 'wgctrl-quick-'))
  })
  afterAll(async () => {
    await programs.remove()
    await rm(folder, { recursive: true })
  })

  async function quick(verb: string, isOurs: boolean): Promise<Outcome> {
    const { PATH = '' } = process.env
    const path = isOurs ? programs.path + delimiter + PATH : PATH
    const env = { PATH: path, WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go' }
    const outcome = await runProgram('wg-quick', [verb, join(folder, `${NAME}.conf`)], { env })
    expect(outcome.status, outcome.err).toBe(0)
    if (verb === 'down') await daemonsGone(NAME)
    return outcome
  }

  /** All that is to be seen of an interface: device, addresses, routes and rules. */
  async function snapshot(): Promise<object> {
    const ip = async (...words: string[]): Promise<unknown> =>
      JSON.parse((await runProgram('ip', ['-json', ...words])).out || '[]')
    const [link] = (await ip('address', 'show', 'dev', NAME)) as {
      mtu: number
      addr_info: { local: string; prefixlen: number }[]
    }[]
    return {
      device: configured(viewOf(await backend.device(NAME)), false),
      mtu: link?.mtu,
      addresses: link?.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      routes: await ip('route', 'show', 'table', 'all', 'dev', NAME),
      rules: [await ip('rule'), await ip('-6', 'rule')],
    }
  }

  const config = (allowedIPs: string): string => `[Interface]
PrivateKey = ${keyPair(1).privateKey} # of this machine
Address = 10.77.0.1/24, fd77::1/64
FwMark = 0x77
MTU = 1380
PostUp = wg set %i peer ${peerKey(3)} preshared-key <(echo ${secret(3)}) allowed-ips 10.78.0.0/24
PostUp = wg show %i endpoints > ${folder}/endpoints

[Peer]
PublicKey = ${peerKey(1)}
PresharedKey = ${secret(1)}
AllowedIPs = ${allowedIPs}
Endpoint = 127.0.0.1:9
PersistentKeepalive = 25

[Peer]
PublicKey = ${peerKey(2)}
AllowedIPs = 10.77.0.2/32
`

  it.each([
    ['networks', '10.79.0.0/16, fd79::/48'],
    ['a default route', '0.0.0.0/0, ::/0'],
  ])('brings an interface with %s up and down as wg(8) does', async (_, allowedIPs) => {
    const text =
      allowedIPs === '0.0.0.0/0, ::/0'
        ? config(allowedIPs).replace('FwMark = 0x77\n', '')
        : config(allowedIPs)
    await writeFile(join(folder, `${NAME}.conf`), text, { mode: 0o600 })
    const seen: object[] = []
    for (const isOurs of [false, true]) {
      await quick('up', isOurs)
      seen.push({ ...(await snapshot()), endpoints: await sortedLines(`${folder}/endpoints`) })
      await quick('down', isOurs)
      expect(await backend.list()).not.toContain(NAME)
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[1]).toMatchObject({ addresses: expect.arrayContaining(['10.77.0.1/24']) })
  })

  it('saves what was changed meanwhile', async () => {
    const path = join(folder, `${NAME}.conf`)
    const saved: string[][] = []
    for (const isOurs of [false, true]) {
      const text = config('10.79.0.0/16').replace(
        '[Interface]',
        '[Interface]\nSaveConfig = true\nListenPort = 7777',
      )
      await writeFile(path, text, { mode: 0o600 })
      await quick('up', isOurs)
      await quick('save', isOurs)
      saved.push(await sortedLines(path))
      await quick('down', isOurs)
      expect(await sortedLines(path)).toEqual(saved.at(-1))
    }
    expect(saved[1]).toEqual(saved[0])
    expect(saved[1]).toContain(`PublicKey = ${peerKey(3)}`)
  })

  it('strips a file into syncconf', async () => {
    await writeFile(join(folder, `${NAME}.conf`), config('10.79.0.0/16'), { mode: 0o600 })
    await quick('up', true)
    const script = `PATH=${programs.path}:$PATH; wg syncconf ${NAME} <(wg-quick strip ${folder}/${NAME}.conf)`
    expect(await runProgram('bash', ['--norc', '-c', script])).toEqual({
      status: 0,
      out: '',
      err: '',
    })
    const { peers } = await backend.device(NAME)
    expect(peers.map(({ publicKey }) => publicKey).sort()).toEqual([peerKey(1), peerKey(2)].sort())
    await quick('down', true)
  })
})

async function sortedLines(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').sort()
}
