import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type ConfigFile,
  formatConfig,
  parseConfig,
  stripConfig,
  toDeviceConfig,
  toInterfaceConfig,
  writeConfigFile,
} from './index.js'

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64')
const text = [
  '[Interface] # ours',
  `PrivateKey = ${key(1)}`,
  'Address = 10.0.0.1/24',
  '[Peer]',
  `PublicKey = ${key(9)}`,
  'AllowedIPs = 10.0.0.2',
  '',
].join('\n')

/** What another copy of this package reads, as the CommonJS one beside the ES module. */
async function foreign(source: string): Promise<ConfigFile> {
  vi.resetModules()
  const copy = await import('./index.js')
  expect(copy.parseConfig).not.toBe(parseConfig)
  return copy.parseConfig(source)
}

describe('a file of another copy of this package', () => {
  it('is taken wherever one of ours is', async () => {
    const [theirs, ours] = [await foreign(text), parseConfig(text)]
    expect(formatConfig(theirs)).toBe(text)
    expect(stripConfig(theirs)).toBe(stripConfig(ours))
    const shown = (config: object): unknown => JSON.parse(JSON.stringify(config))
    expect(shown(toDeviceConfig(theirs))).toEqual(shown(toDeviceConfig(ours)))
    expect(shown(toInterfaceConfig(theirs, 'wg0'))).toEqual(shown(toInterfaceConfig(ours, 'wg0')))
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-copies-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeConfigFile(join(folder, 'wg0.conf'), theirs)
    expect(await readFile(join(folder, 'wg0.conf'), 'utf8')).toBe(text)
  })

  it('is taken with what was changed in it', async () => {
    const theirs = await foreign(text)
    theirs.interface.listenPort = 7
    theirs.removePeer(key(9))
    expect(toDeviceConfig(theirs)).toMatchObject({ listenPort: 7, peers: [] })
    expect(formatConfig(theirs)).toContain('# ours')
  })

  it('is refused for the same reasons', async () => {
    const theirs = await foreign(`${text}[Peer]\nPublicKey = ${key(9)}\n`)
    expect(() => toDeviceConfig(theirs)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(() => toDeviceConfig(theirs, { conflicts: 'last-wins' })).not.toThrow()
  })
})

describe('what is no file', () => {
  it.each([undefined, null, text, {}, { interface: {} }])('%o is refused by name', (none) => {
    const refusal = expect.objectContaining({ code: 'EINVAL', path: 'config' })
    for (const use of [formatConfig, stripConfig, toDeviceConfig]) {
      expect(() => use(none as never)).toThrow(refusal)
    }
    expect(() => toInterfaceConfig(none as never, 'wg0')).toThrow(refusal)
  })
})
