import { appendFile, chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sealPresharedKey } from '@wgctrl/gateway'
import { generatePresharedKey, generatePrivateKey, type PublicKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Program, start, WGCTRL } from '../cli/program.js'
import { ip } from '../contract/harnesses/isolation.js'
import { eventually } from '../events/hearing.js'
import { type Client, Stage } from '../events/stage.js'
import { run } from '../lifecycle/command.js'
import { answered, blockOf, place } from './gate.js'

const example = fileURLToPath(new URL('../../packages/gateway/example', import.meta.url))
const cli = fileURLToPath(new URL('../../packages/cli', import.meta.url))

let stage: Stage
let folder: string

beforeEach(async () => {
  stage = await Stage.open('wg0')
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-example-'))
  await cp(example, folder, { recursive: true })
  // As npm installs it: whoever checked this out may let a group write.
  await run('chmod', '-R', 'go-w', folder)
  await appendFile(join(folder, 'wg0.conf'), `PrivateKey = ${stage.privateKey.toBase64()}\n`)
  await chmod(join(folder, 'wg0.conf'), 0o600)
})

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const config = (): string => join(folder, 'gateway.json')

it('wgctrl gateway with the files of the example lets a client in, and tells of it', async () => {
  // The first has the address of the example's gateway.
  const [, alice, bob] = (await stage.addClients(3)) as [Client, Client, Client]
  const port = 9587
  const gateway = start(['gateway', '--config', config()])
  await gateway.says(/interface message="brought wg0 to what/)
  await writeFile(join(folder, 'clients', 'alice.conf'), blockOf(alice), { mode: 0o600 })
  // The address is the example's: the stage's own is for its tests.
  await ip('address', 'add', '10.8.255.1/16', 'dev', 'wg0').catch(() => '')
  await answered(alice)
  await gateway.says(new RegExp(`Z info installed publicKey=${escaped(alice.publicKey)} endpoint=`))
  expect(await bob.ping(1)).toBeUndefined()
  await gateway.says(new RegExp(`unknown publicKey=${escaped(bob.publicKey)}`))
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  expect(metrics).toContain('wireguard_gateway_peers{interface="wg0"} 1')
  expect(metrics).toContain(
    'wireguard_gateway_clients_total{interface="wg0",outcome="installed"} 1',
  )
  expect(metrics).toContain('wireguard_gateway_store_up{interface="wg0"} 1')
  const health = await (await fetch(`http://127.0.0.1:${port}/health`)).json()
  expect(health).toMatchObject({ status: 'ok', device: 'wg0', peers: 1 })
  await rm(join(folder, 'clients', 'alice.conf'))
  await gateway.says(new RegExp(`Z info revoked publicKey=${escaped(alice.publicKey)}`))
  await vi.waitFor(async () => expect(await stage.present()).toEqual([]), eventually)
  expect(gateway.out).not.toContain(stage.privateKey.toBase64())
  gateway.kill('SIGTERM')
  expect(await gateway.status()).toBe(0)
  // Sessions go on.
  expect(await ip('link', 'show', 'wg0')).toContain('wg0')
})

it('says on SIGHUP what takes a new start, and goes on', async () => {
  const gateway = start(['gateway', '--config', config()])
  await gateway.says(/brought wg0/)
  await appendFile(join(folder, 'wg0.conf'), `\n${'[Peer]\n'}PublicKey = ${'A'.repeat(42)}8=\n`)
  await writeFile(config(), (await text(config())).replace('1000', '2000'))
  gateway.kill('SIGHUP')
  await gateway.says(/maxPeers of the config changed, which takes a new start/, 'err')
  expect(await stage.present()).toEqual([`${'A'.repeat(42)}8=`])
  gateway.kill('SIGINT')
  expect(await gateway.status()).toBe(0)
})

it('opens preshared keys with another key from SIGHUP on', async () => {
  const [, alice] = (await stage.addClients(2)) as [Client, Client]
  const [former, key] = [generatePrivateKey(), generatePrivateKey()]
  const presharedKey = generatePresharedKey()
  const gatewayKey = publicKey(stage.privateKey)
  await alice.backend.configure(alice.device, {
    peers: [{ publicKey: gatewayKey, presharedKey, updateOnly: true }],
  })
  const client = alice.publicKey as PublicKey
  const seal = sealPresharedKey(presharedKey, { gateway: publicKey(key), client })
  const file = join(folder, 'clients', 'alice.conf')
  const sealed = `${blockOf(alice)}# SealedPresharedKey = ${seal}\n`
  await place(join(folder, 'seal.key'), former.toBase64())
  await writeFile(config(), (await text(config())).replace('{', '{ "sealKeyFile": "seal.key",'))
  await place(file, sealed)
  const gateway = start(['gateway', '--config', config()])
  await gateway.says(/store-problem .*is not sealed for/)
  await place(join(folder, 'other.key'), key.toBase64())
  await writeFile(config(), (await text(config())).replace('seal.key', 'other.key'))
  gateway.kill('SIGHUP')
  await vi.waitFor(async () => {
    await place(file, `${sealed}# again ${Date.now()}\n`)
    await alice.ping(1)
    const { peers } = await stage.backend.device('wg0')
    // With another key there would be no handshake.
    expect(peers).toMatchObject([{ publicKey: client, lastHandshake: expect.any(Date) }])
  }, eventually)
  gateway.kill('SIGTERM')
  expect(await gateway.status()).toBe(0)
  expect(gateway.err).not.toContain('takes a new start')
  for (const secret of [former, key, presharedKey]) {
    expect(gateway.out + gateway.err).not.toContain(secret.toBase64())
  }
})

it('needs no more rights than its unit gives it', async () => {
  const [, alice] = (await stage.addClients(2)) as [Client, Client]
  const unit = await readFile(join(cli, 'systemd/wgctrl-gateway.service'), 'utf8')
  const [, rights = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(unit) ?? []
  const bounds = rights.split(' ').map((right) => `+${right.replace('CAP_', '').toLowerCase()}`)
  expect(bounds).toEqual(['+net_admin', '+net_raw'])
  const limits = ['--bounding-set', ['-all', ...bounds].join(), '--inh-caps', '-all']
  const args = [...limits, '--no-new-privs', process.execPath, WGCTRL, 'gateway']
  await place(join(folder, 'clients', 'alice.conf'), blockOf(alice))
  const gateway = new Program('setpriv', [...args, '--config', config()])
  await gateway.says(/brought wg0/)
  const status = await readFile(`/proc/${gateway.child.pid}/status`, 'utf8')
  // CAP_NET_ADMIN and CAP_NET_RAW: bits 12 and 13.
  expect(/^CapEff:\s+(\S+)$/m.exec(status)?.[1]).toBe('0000000000003000')
  await ip('address', 'add', '10.8.255.1/16', 'dev', 'wg0').catch(() => '')
  await answered(alice)
  await rm(join(folder, 'clients', 'alice.conf'))
  await gateway.says(/info revoked/)
  gateway.kill('SIGTERM')
  expect(await gateway.status()).toBe(0)
  expect(gateway.err).toBe('')
})

it('writes JSON, and checks a config without doing anything', async () => {
  const json = (await text(config())).replace('{', '{ "log": "json",')
  await writeFile(config(), json)
  const checked = start(['gateway', '--check', '--config', config()])
  expect(await checked.status()).toBe(0)
  expect(checked.out).toBe(`${config()} can be used\n`)
  const gateway = start(['gateway', '--config', config()])
  await gateway.says(/brought wg0/)
  expect(JSON.parse(gateway.out.split('\n')[0] ?? '')).toMatchObject({
    level: 'info',
    event: 'interface',
  })
  gateway.kill('SIGTERM')
  expect(await gateway.status()).toBe(0)
  await writeFile(config(), json.replace('maxPeers', 'maxpeers'))
  const wrong = start(['gateway', '--check', '--config', config()])
  expect(await wrong.status()).toBe(1)
  expect(wrong.err).toContain('maxpeers: no such field (is maxPeers meant?)')
})

const escaped = (key: string): string => key.replaceAll('+', '\\+')

const text = (path: string): Promise<string> => readFile(path, 'utf8')
