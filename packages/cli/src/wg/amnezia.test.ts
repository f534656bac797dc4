import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig, type Device, SecretKey } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { expect, it, onTestFinished } from 'vitest'
import { parseConfig, toDeviceConfig } from 'wgctrl'
import { toGlobals } from '../globals.js'
import { fakeIo } from '../testing.fixture.js'
import { fieldText, isField } from './fields.js'
import { fieldValue, jsonText } from './json.js'
import { prettyText } from './pretty.js'
import { toConfigs } from './set-steps.js'
import { parseSetWords } from './set-words.js'

const KEY = 'IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI='
const PEER = 'MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM='

/** What amneziawg-go 3.1.20260814 had when awg(8) 3.1.20260812 printed the texts below; keys are made up. */
const CONF = `[Interface]
ListenPort = 51820
PrivateKey = EBEREREREREREREREREREREREREREREREREREREREVE=
Jc = 4
Jmin = 40
Jmax = 70
S1 = 15
S2 = 16
S3 = 17
S4 = 18
H1 = 100-199
H2 = 200
H3 = 300-399
H4 = 400-4294967295
I1 = <b 0xdeadbeef><r 12><t>
I3 = <rc 5><rd 3>
HeaderProtectionKey = ${KEY}
ContentPaddingAddition = 1-40
RekeyAfterTime = 100-120
RekeyTimeout = 5
RejectAfterTime = 180
KeepaliveTimeout = 10-12
MaxHandshakeAttempts = 18
RandomTrailers = on
DisableCookies = on
[Peer]
PublicKey = ${PEER}
AllowedIPs = 10.0.0.2/32
PersistentKeepalive = 15-30
`

const SHOWN = `interface: awg0
  public key: e06Qm75//kTEZaIgA31gjuNYl9Me+XLwf3SJLLD3PxM=
  private key: (hidden)
  listening port: 51820
  jc: 4
  jmin: 40
  jmax: 70
  s1: 15
  s2: 16
  s3: 17
  s4: 18
  h1: 100-199
  h2: 200
  h3: 300-399
  h4: 400-4294967295
  i1: <b 0xdeadbeef><r 12><t>
  i3: <rc 5><rd 3>
  header protection key: ${KEY}
  content padding addition: 1-40
  rekey after time: 100-120
  rekey timeout: 5
  reject after time: 180
  keepalive timeout: 10-12
  max handshake attempts: 18
  random trailers: on
  disable cookies: on

peer: ${PEER}
  allowed ips: 10.0.0.2/32
  persistent keepalive: 15-30
`

const DUMP = `EBEREREREREREREREREREREREREREREREREREREREVE=\te06Qm75//kTEZaIgA31gjuNYl9Me+XLwf3SJLLD3PxM=\t51820\t4\t40\t70\t15\t16\t17\t18\t100-199\t200\t300-399\t400-4294967295\t<b 0xdeadbeef><r 12><t>\t(null)\t<rc 5><rd 3>\t(null)\t(null)\t${KEY}\t1-40\t100-120\t5\t180\t10-12\t18\ton\ton\toff
${PEER}\t(none)\t(none)\t10.0.0.2/32\t0\t0\t0\t15-30
`

/** A new device: awg(8) shows flags, and no header that is WireGuard's. */
const NEW = { h1: 1, h2: 2, h3: 3, h4: 4, randomTrailers: false, disableCookies: false }

function deviceOf(text: string): Device {
  const device = new FakeDevice('awg0')
  device.apply(checkConfig(toDeviceConfig(parseConfig(text, { dialect: 'awg' }))))
  return device.snapshot()
}

const pretty = (device: Device) =>
  prettyText(device, { isColored: false, showsKeys: false, now: 0 })

it('shows a device as awg(8) does, but for the key, which it hides', () => {
  const device = deviceOf(CONF)
  expect(pretty(device)).toBe(SHOWN.replace(KEY, '(hidden)'))
  const options = { isColored: false, showsKeys: true, now: 0 }
  expect(prettyText(device, options)).toContain(`header protection key: ${KEY}\n`)
  const fresh = { ...new FakeDevice('awg0').snapshot(), listenPort: 33494, amnezia: NEW }
  expect(pretty(fresh)).toBe(
    'interface: awg0\n  listening port: 33494\n  random trailers: off\n  disable cookies: off\n',
  )
})

it('dumps a device as awg(8) does', () => {
  expect(fieldText(deviceOf(CONF), 'dump', false)).toBe(DUMP)
  const fresh = { ...new FakeDevice('awg0').snapshot(), listenPort: 33494, amnezia: NEW }
  expect(fieldText(fresh, 'dump', false)).toBe(
    '(none)\t(none)\t33494\t0\t0\t0\t0\t0\t0\t0\t1\t2\t3\t4\t(null)\t(null)\t(null)\t(null)\t(null)\t(none)\t0\t0\t0\t0\t0\t0\toff\toff\toff\n',
  )
})

it('has its parameters as fields, where the dialect is asked for', () => {
  const device = deviceOf(CONF)
  expect(fieldText(device, 'jc', false)).toBe('4\n')
  expect(fieldText(device, 'h1', true)).toBe('awg0\t100-199\n')
  expect(fieldText(device, 'header-protection-key', false)).toBe(`${KEY}\n`)
  expect(fieldText(device, 'random-trailers', false)).toBe('on\n')
  expect(fieldText(device, 'persistent-keepalive', false)).toBe(`${PEER}\t15-30\n`)
  expect(isField('jc', 'amneziawg')).toBe(true)
  expect(isField('jc')).toBe(false)
  expect(fieldValue(device, 'max-handshake-attempts')).toBe(18)
  expect(jsonText(fieldValue(device), false)).not.toContain(KEY)
  expect(jsonText(fieldValue(device), true)).toContain(KEY)
})

it('shows what a daemon said in keys that nobody knows', () => {
  const [peer] = deviceOf(CONF).peers
  const device = { ...new FakeDevice('wg0').snapshot(), extra: { mode: 'fast' } }
  const peers = peer ? [{ ...peer, extra: { mark: ['1', '\x1b[2J'] } }] : []
  const text = pretty({ ...device, peers })
  expect(text).toContain('  mode: fast\n')
  expect(text).toContain('  mark: 1\n')
  expect(text).not.toContain('\x1b')
})

async function keyFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'key')
  await writeFile(path, `${KEY}\n`)
  return path
}

it('sets them by the words of awg(8)', async () => {
  const words = ['jc', '4', 'h1', '5-9', 'i1', '<r 5>', 'i2', '', 'random-trailers', 'on']
  const line = [...words, 'header-protection-key', await keyFile(), 'max-handshake-attempts', '18']
  const peer = ['peer', PEER, 'persistent-keepalive', '25', 'persistent-keepalive', '15-30']
  const steps = await parseSetWords([...line, ...peer], fakeIo(), { dialect: 'amneziawg' })
  const [config] = toConfigs(steps)
  const { headerProtectionKey, ...others } = config?.amnezia ?? {}
  expect(others).toEqual({
    ...{ jc: 4, h1: '5-9', i1: '<r 5>', i2: null },
    ...{ randomTrailers: true, maxHandshakeAttempts: 18 },
  })
  expect(headerProtectionKey).toBeInstanceOf(SecretKey)
  expect(config?.peers).toEqual([
    { publicKey: PEER, persistentKeepaliveRange: '15-30', allowedIPs: [] },
  ])
})

it.each([
  [['jc', 'x'], "Unable to parse jc: `x'"],
  [['h1', '9-5'], "Unable to parse h1: `9-5'"],
  [['jc', ''], "Unable to parse jc: `'"],
])('refuses %j', async (words, message) => {
  await expect(parseSetWords(words, fakeIo(), { dialect: 'amneziawg' })).rejects.toThrow(message)
})

it('knows none of these words of a device of WireGuard', async () => {
  await expect(parseSetWords(['jc', '4'], fakeIo())).rejects.toThrow('Invalid argument: jc')
  const range = ['peer', PEER, 'persistent-keepalive', '15-30']
  await expect(parseSetWords(range, fakeIo())).rejects.toThrow('15-30')
})

it('is asked for by an option before the command', () => {
  expect(toGlobals({ dialect: 'amneziawg' }).dialect).toBe('amneziawg')
  expect(toGlobals({})).not.toHaveProperty('dialect')
  expect(() => toGlobals({ dialect: 'other' })).toThrow('--dialect')
})
