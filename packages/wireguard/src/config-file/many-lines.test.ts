import { formatPublicKey } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { type ConfigFile, formatConfig, parseConfig, stripConfig, toDeviceConfig } from './index.js'

const key = (fill: number): string => formatPublicKey(Buffer.alloc(32, `${fill} of them `))
const network = (n: number): string => `10.${n >> 8}.${n & 255}.0/24`
const networks = (count: number): string[] => Array.from({ length: count }, (_, n) => network(n))

const onePeer = (lines: readonly string[]): string =>
  `[Interface]\n[Peer]\nPublicKey = ${key(0)}\n${lines.map((line) => `${line}\n`).join('')}`

const texts: Record<string, (count: number) => string> = {
  'a line each': (count) => onePeer(networks(count).map((one) => `AllowedIPs = ${one}`)),
  'all in one line': (count) => onePeer([`AllowedIPs = ${networks(count).join(', ')}`]),
  'a peer each': (count) =>
    `[Interface]\n${networks(count)
      .map((one, n) => `[Peer]\nPublicKey = ${key(n)}\nAllowedIPs = ${one}\n`)
      .join('')}`,
}

/** What a program does with a file. */
function use(text: string): void {
  const file: ConfigFile = parseConfig(text)
  toDeviceConfig(file)
  toDeviceConfig(file, { conflicts: 'last-wins' })
  stripConfig(file)
  const [peer] = file.peers
  if (peer) peer.allowedIPs = peer.allowedIPs.toReversed()
  expect(formatConfig(file)).toContain(network(0))
}

/** Microseconds of this process, the least of a few times: others on the machine do not count. */
function workOf(text: string): number {
  const times = [1, 2].map(() => {
    const before = process.cpuUsage()
    use(text)
    return process.cpuUsage(before).user
  })
  return Math.min(...times)
}

it.each(Object.keys(texts))(
  'many networks, %s, take work that grows with their number alone',
  (kind) => {
    const text = texts[kind] ?? String
    const [few, many] = [1000, 8000].map((count) => workOf(text(count))) as [number, number]
    // Eight times as many; squared that is 64.
    expect(many / few).toBeLessThan(28)
  },
)
