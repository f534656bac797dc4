import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { temporaryFolder, wgctrl } from './program.js'

const backend = new UserspaceBackend()
const privateKey = generatePrivateKey()
const [alice, bob] = [publicKey(generatePrivateKey()), publicKey(generatePrivateKey())]
let file: string

beforeAll(async () => {
  await isolate()
  await backend.create('wgdiff')
  await backend.configure('wgdiff', {
    privateKey,
    listenPort: 51_830,
    firewallMark: 0xca6c,
    peers: [{ publicKey: alice, endpoint: '127.0.0.1:4711', allowedIPs: ['10.0.0.2/32'] }],
  })
  file = join(await temporaryFolder(), 'wgdiff.conf')
})

afterAll(() => backend.delete('wgdiff'))

const head = (more = ''): string =>
  `[Interface]\nPrivateKey = ${privateKey.toBase64()}\nListenPort = 51830\n${more}`
const peer = (key: string, more: string): string => `[Peer]\nPublicKey = ${key}\n${more}\n`

it('says nothing where nothing differs, a name of the same address included', async () => {
  const same = 'Endpoint = localhost:4711\nAllowedIPs = 10.0.0.2/32'
  await writeFile(file, head('FwMark = 0xca6c\n') + peer(alice, same))
  expect(await wgctrl('diff', 'wgdiff', file)).toEqual({ status: 0, out: '', err: '' })
})

it('says what differs, a line for each change, and changes nothing', async () => {
  const config = head() + peer(alice, '# Name = alice\nAllowedIPs = 10.0.0.3/32') + peer(bob, '')
  await writeFile(file, config)
  const before = await backend.device('wgdiff')
  const { status, out } = await wgctrl('diff', 'wgdiff', file)
  expect(status).toBe(1)
  expect(out.trim().split('\n')).toEqual([
    'firewall mark: 0xca6c → off',
    `peer ${alice} (alice): add allowed IP 10.0.0.3/32`,
    `peer ${alice} (alice): remove allowed IP 10.0.0.2/32`,
    `add peer ${bob}`,
  ])
  const json = await wgctrl('diff', 'wgdiff', file, '--json')
  expect(json.status).toBe(1)
  expect(JSON.parse(json.out)).toMatchObject({
    device: 'wgdiff',
    changes: [
      { kind: 'firewall-mark', from: 0xca6c, to: 0 },
      { kind: 'allowed-ip-added' },
      { kind: 'allowed-ip-removed' },
      { kind: 'peer-added', publicKey: bob },
    ],
  })
  expect(await backend.device('wgdiff')).toEqual(before)
})

it('takes no offence at what up and hooks set by themselves', async () => {
  const quick = '[Interface]\nAddress = 10.0.0.1/24\nListenPort = 51830\n'
  for (const own of [quick, `${quick}FwMark = off\n`, head(), head('FwMark = 0\n')]) {
    await writeFile(file, own + peer(alice, 'AllowedIPs = 0.0.0.0/0'))
    expect((await wgctrl('diff', 'wgdiff', file)).out.trim().split('\n')).toEqual([
      `peer ${alice}: add allowed IP 0.0.0.0/0`,
      `peer ${alice}: remove allowed IP 10.0.0.2/32`,
    ])
  }
})

it('has an exit status of its own for trouble', async () => {
  await writeFile(file, head())
  expect(await wgctrl('diff', 'wgnone', file)).toMatchObject({ status: 2, out: '' })
  expect(await wgctrl('diff', 'wgdiff', `${file}.none`)).toMatchObject({ status: 2, out: '' })
  await writeFile(file, '[Interface]\nListenPort = x\n')
  const { status, err } = await wgctrl('diff', 'wgdiff', file)
  expect(status).toBe(2)
  expect(err).toContain('line 2, column 14')
  expect((await wgctrl('diff', 'wgdiff')).status).toBe(2)
  expect((await wgctrl('diff', 'wgdiff', file, '--wrong')).status).toBe(2)
})
