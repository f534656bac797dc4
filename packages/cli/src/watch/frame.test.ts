import { stripVTControlCharacters } from 'node:util'
import { formatPublicKey } from '@wgctrl/types'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Peer, WatchEvent } from 'wgctrl'
import { placeColumns } from './columns.js'
import { formatAge, formatBytes, formatRate } from './format.js'
import { type FrameOptions, renderFrame } from './frame.js'
import { LiveTable } from './live-table.js'
import { sparkline } from './sparkline.js'

const NOW = Date.UTC(2026, 0, 2)

const keyOf = (index: number): string => {
  const bytes = new Uint8Array(32).fill(9)
  new DataView(bytes.buffer).setUint32(0, index)
  return formatPublicKey(bytes)
}

const peerOf = (index: number, more: Partial<Peer> = {}): Peer => ({
  publicKey: keyOf(index),
  persistentKeepalive: 0,
  receivedBytes: 0,
  transmittedBytes: 0,
  allowedIPs: [],
  protocolVersion: 1,
  ...more,
})

const added = (index: number, more?: Partial<Peer>, device = 'wg0'): WatchEvent => {
  const peer = peerOf(index, more)
  return { type: 'peer-added', device, publicKey: peer.publicKey, peer }
}

const transfer = (index: number, rate: number, device = 'wg0'): WatchEvent => ({
  type: 'peer-transfer',
  device,
  publicKey: keyOf(index),
  received: rate,
  transmitted: 0,
  receiveRate: rate,
  transmitRate: 0,
  duration: 1000,
})

const options: FrameOptions = {
  columns: 120,
  rows: 24,
  now: NOW,
  hasColor: false,
  hasUnicode: true,
  nameOf: () => undefined,
}

let table: LiveTable

beforeEach(() => {
  table = new LiveTable()
})

const show = (...events: WatchEvent[]): void => {
  for (const event of events) table.apply(event, NOW)
}

const rowsOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => /[A-Za-z0-9+/]{11}/.test(line))

describe('a frame', () => {
  it('shows a peer with its rates, its last handshake and a sparkline', () => {
    const endpoint = { address: '192.0.2.7', port: 51820, family: 4 } as const
    show(added(1, { endpoint, lastHandshake: new Date(NOW - 65_000) }), transfer(1, 2048))
    table.tick(NOW, 1000)
    const text = renderFrame(table, options).lines.join('\n')
    expect(text).toContain('wg0: 1 peer, 1 active  ↓ 2.0 KiB/s  ↑ 0 B/s')
    expect(text).toMatch(
      /AAAAAQkJ.*192\.0\.2\.7:51820 +connected +1m 5s +2\.0 KiB\/s +0 +2\.0 KiB \/ 0 B +█/,
    )
  })

  it('counts as active who shook hands within three minutes, whatever moves', () => {
    show(added(1, { lastHandshake: new Date(NOW - 170_000) }))
    show(added(2, { lastHandshake: new Date(NOW - 190_000) }), added(3), transfer(3, 2048))
    expect(renderFrame(table, options).lines.join('\n')).toContain('wg0: 3 peers, 1 active')
  })

  it('has the busiest peers that fit, and says how many more there are', () => {
    for (let index = 0; index < 500; index++) show(added(index))
    for (let index = 100; index < 200; index++) show(transfer(index, index))
    table.tick(NOW, 1000)
    const { lines } = renderFrame(table, options)
    expect(lines).toHaveLength(24)
    const rows = rowsOf(lines)
    expect(rows[0]).toContain(keyOf(199).slice(0, 10))
    expect(rows[1]).toContain(keyOf(198).slice(0, 10))
    expect(lines.at(-1)).toMatch(`and ${500 - rows.length} more peers, q to quit, s sort: rate, `)
  })

  it('is never wider or higher than the terminal', () => {
    const name = '日本語の名前'.repeat(5)
    for (let index = 0; index < 50; index++) show(added(index), transfer(index, 1e9))
    for (const device of ['wg1', 'wg2', 'wg3', 'wg4', 'wg5']) show(added(1, {}, device))
    table.tick(NOW, 1000)
    for (const columns of [1, 5, 12, 20, 40, 79, 80, 100, 200]) {
      for (const rows of [1, 2, 3, 5, 10, 24]) {
        for (const nameOf of [() => undefined, () => name]) {
          const { lines } = renderFrame(table, { ...options, columns, rows, nameOf })
          expect(lines.length).toBeLessThanOrEqual(rows)
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
        }
      }
    }
  })

  it('leaves out what a narrow terminal has no room for, rates last', () => {
    show(added(1), transfer(1, 2048))
    table.tick(NOW, 1000)
    const head = (columns: number): string =>
      renderFrame(table, { ...options, columns }).lines[2] ?? ''
    expect(head(120)).toMatch(/peer.*endpoint.*state.*handshake.*↓.*↑.*↓ \/ ↑ total.*activity/)
    expect(head(80)).not.toContain('total')
    expect(head(36).trim().split(/\s+/)).toEqual(['peer', '↓', '↑'])
  })

  it('names the device of each peer where there are several', () => {
    show(added(1), added(2, {}, 'wg1'))
    expect(
      rowsOf(renderFrame(table, options).lines)
        .map((row) => row.slice(0, 3))
        .sort(),
    ).toEqual(['wg0', 'wg1'])
  })

  it('has no colours, and no characters but ASCII, where the terminal has none', () => {
    show(added(1, { lastHandshake: new Date(NOW) }), transfer(1, 10))
    table.tick(NOW, 1000)
    const plain = renderFrame(table, { ...options, hasUnicode: false }).lines.join('\n')
    expect(plain).toMatch(/^[\x20-\x7e\n]*$/)
    const colored = renderFrame(table, { ...options, hasColor: true }).lines.join('\n')
    expect(colored).not.toBe(stripVTControlCharacters(colored))
    expect(stripVTControlCharacters(colored)).toBe(renderFrame(table, options).lines.join('\n'))
  })

  it('says when there is nothing to show', () => {
    expect(renderFrame(table, options).lines).toEqual([
      'no WireGuard device is here yet',
      '',
      'q to quit, s sort: rate, / filter, space pause, arrows and enter open',
    ])
  })
})

describe('the live table', () => {
  it('follows what happens to devices and peers', () => {
    show(added(1), added(2), { type: 'device-down', device: 'wg0' })
    expect(table.devices.get('wg0')?.isDown).toBe(true)
    show({ type: 'device-renamed', device: 'wg9', from: 'wg0' })
    expect([...table.devices.keys()]).toEqual(['wg9'])
    show({ type: 'peer-removed', device: 'wg9', publicKey: keyOf(1), peer: peerOf(1) })
    expect([...(table.devices.get('wg9')?.peers.keys() ?? [])]).toEqual([keyOf(2)])
    const at = new Date(NOW)
    const to = { address: '192.0.2.8', port: 1, family: 4 } as const
    const one = { device: 'wg9', publicKey: keyOf(2) }
    show({ ...one, type: 'peer-handshake', at }, { ...one, type: 'peer-roamed', endpoint: to })
    const peer = table.devices.get('wg9')?.peers.get(keyOf(2))
    expect(peer?.lastHandshake).toEqual(at)
    expect(peer?.peer.endpoint).toEqual(to)
    show({ type: 'device-removed', device: 'wg9' })
    expect(table.devices.size).toBe(0)
  })

  it('forgets the rate of a peer that is not told of any more, and in the end what it did', () => {
    show(added(1), transfer(1, 100))
    const peer = table.devices.get('wg0')?.peers.get(keyOf(1))
    for (let tick = 0; tick < 2; tick++) table.tick(NOW + tick * 1000, 1000)
    expect(peer?.rate).toBe(100)
    table.tick(NOW + 2000, 1000)
    expect(peer?.rate).toBe(0)
    expect(peer?.history).toEqual([100, 100, 0])
    for (let tick = 3; tick < 70; tick++) table.tick(NOW + tick * 1000, 1000)
    expect(peer?.history).toEqual([])
    expect(peer?.received).toBe(100)
  })
})

describe('the parts of a frame', () => {
  it('formats bytes, rates and ages in a few characters', () => {
    expect([0, 1023, 1024, 10_188, 10_250, 1_048_000, 1e6, 2 ** 70].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '9.9 KiB',
      '10 KiB',
      '1023 KiB',
      '977 KiB',
      '1024 EiB',
    ])
    expect(formatRate(1536)).toBe('1.5 KiB/s')
    expect([-5, 59_999, 60_000, 3_599_000, 7_500_000, 90_000_000].map(formatAge)).toEqual([
      '0s',
      '59s',
      '1m 0s',
      '59m 59s',
      '2h 5m',
      '1d 1h',
    ])
  })

  it('draws sparklines with the highest value as the highest bar', () => {
    expect(sparkline([0, 1, 50, 100], 6)).toBe('   ▁▄█')
    expect(sparkline([1, 2, 3, 4, 5], 2)).toBe('▇█')
    expect(sparkline([0, 8], 2, false)).toBe(' #')
    expect(sparkline([], 3)).toBe('   ')
    expect(sparkline([1], 0)).toBe('')
  })

  it('gives columns the room there is by rank', () => {
    const column = (rank: number, width: number, widest = width) => ({
      title: `${rank}`,
      align: 'left' as const,
      rank,
      width,
      widest,
    })
    const columns = [column(1, 10), column(0, 10, 30), column(2, 10)]
    const widths = (width: number) =>
      placeColumns(columns, width).map(({ column: { title }, width: placed }) => [title, placed])
    expect(widths(5)).toEqual([['0', 5]])
    expect(widths(22)).toEqual([
      ['1', 10],
      ['0', 10],
    ])
    expect(widths(40)).toEqual([
      ['1', 10],
      ['0', 16],
      ['2', 10],
    ])
  })
})

/** Columns that a terminal takes for it: the characters of these tests are one or two wide. */
function widthOf(line: string): number {
  return [...line].reduce((sum, character) => sum + (/[\u3000-\u9fff]/.test(character) ? 2 : 1), 0)
}
