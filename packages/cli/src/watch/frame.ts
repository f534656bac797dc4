import { styleText } from 'node:util'
import { formatEndpoint } from '@wgctrl/types'
import Table from 'cli-table3'
import { isConnected } from 'wgctrl'
import { visible } from '../visible-text.js'
import { type Column, GAP, type PlacedColumn, placeColumns } from './columns.js'
import { formatAge, formatBytes, formatRate } from './format.js'
import type { DeviceActivity, LiveTable } from './live-table.js'
import type { PeerActivity } from './peer-activity.js'
import { HISTORY } from './peer-activity.js'
import { busiest } from './ranking.js'
import { sparkline } from './sparkline.js'

export interface FrameOptions {
  /** Characters of a line. */
  readonly columns: number
  /** Lines of the screen. */
  readonly rows: number
  /** Milliseconds since 1970. */
  readonly now: number
  readonly hasColor: boolean
  /** The terminal shows more than ASCII. */
  readonly hasUnicode: boolean
  /** What a peer is called; absent: its key. */
  readonly nameOf: (device: string, peer: PeerActivity) => string | undefined
}

/** How many devices have a line of their own above the table. */
const MOST_DEVICES = 4

interface Row {
  readonly device: DeviceActivity
  readonly peer: PeerActivity
}

interface Cells extends Column {
  text(row: Row, width: number): string
}

/** A screen full of what goes on: lines of text, none wider and not more than there is room for. */
export function renderFrame(table: LiveTable, options: FrameOptions): string[] {
  const devices = [...table.devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const heads = headLines(devices, options)
  const total = devices.reduce((sum, device) => sum + device.peers.size, 0)
  const places = Math.max(1, options.rows - heads.length - 3)
  const rows = busiestRows(devices, places)
  const rest = total - rows.length
  const body = total > 0 ? tableLines(rows, devices.length > 1, options) : []
  const more = rest > 0 ? `and ${rest} more ${rest === 1 ? 'peer' : 'peers'}, ` : ''
  const foot = cut(`${more}q to quit`, options.columns)
  const lines = [...heads, '', ...body].slice(0, Math.max(0, options.rows - 1))
  return [...lines, styled(foot, 'dim', options)].slice(0, Math.max(1, options.rows))
}

function busiestRows(devices: readonly DeviceActivity[], count: number): Row[] {
  const owners = new Map<PeerActivity, DeviceActivity>()
  const candidates = devices.flatMap((device) => {
    const peers = busiest(device.peers.values(), count)
    for (const peer of peers) owners.set(peer, device)
    return peers
  })
  return busiest(candidates, count).map((peer) => {
    return { peer, device: owners.get(peer) as DeviceActivity }
  })
}

function headLines(devices: readonly DeviceActivity[], options: FrameOptions): string[] {
  if (devices.length === 0) return [cut('no WireGuard device is here yet', options.columns)]
  const shown = devices.slice(0, MOST_DEVICES)
  const lines = shown.map((device) => cut(visible(headLine(device, options)), options.columns))
  const rest = devices.length - shown.length
  if (rest > 0)
    lines.push(cut(`and ${rest} more ${rest === 1 ? 'device' : 'devices'}`, options.columns))
  return lines.map((line) => styled(line, 'bold', options))
}

function headLine(
  { name, peers, isDown, failure }: DeviceActivity,
  { hasUnicode, now }: FrameOptions,
): string {
  if (failure !== undefined) return `${name}: ${failure}`
  let [received, transmitted, active] = [0, 0, 0]
  for (const peer of peers.values()) {
    received += peer.receiveRate
    transmitted += peer.transmitRate
    if (isConnected(peer, { now })) active++
  }
  const count = `${peers.size} ${peers.size === 1 ? 'peer' : 'peers'}, ${active} active`
  const [down, up] = hasUnicode ? ['↓ ', '↑ '] : ['in ', 'out ']
  const rates = `${down}${formatRate(received)}  ${up}${formatRate(transmitted)}`
  return `${name}${isDown ? ' (down)' : ''}: ${count}  ${rates}`
}

function tableLines(rows: readonly Row[], hasDevices: boolean, options: FrameOptions): string[] {
  const placed = placeColumns(tableColumns(rows, hasDevices, options), options.columns)
  const table = new Table({
    head: placed.map(({ column }) => styled(column.title, 'dim', options)),
    colWidths: placed.map(({ width }) => width),
    colAligns: placed.map(({ column }) => column.align),
    chars: { ...NO_LINES, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    truncate: options.hasUnicode ? '…' : '~',
  })
  for (const row of rows) table.push(cellsOf(placed, row))
  return table.toString().split('\n')
}

const cellsOf = (placed: readonly PlacedColumn<Cells>[], row: Row): string[] =>
  placed.map(({ column, width }) => column.text(row, width))

function tableColumns(rows: readonly Row[], hasDevices: boolean, options: FrameOptions): Cells[] {
  const { now, hasUnicode, nameOf } = options
  const named = ({ device, peer }: Row): string =>
    visible(nameOf(device.name, peer) ?? peer.publicKey)
  const longest = rows.reduce((most, row) => Math.max(most, [...named(row)].length), 0)
  const [down, up] = hasUnicode ? ['↓', '↑'] : ['in', 'out']
  const right = { align: 'right', rank: 9 } as const
  const left = { align: 'left', rank: 9 } as const
  const columns: Cells[] = [
    { ...left, title: 'peer', rank: 0, width: 12, widest: Math.max(12, longest), text: named },
    {
      ...left,
      title: 'endpoint',
      width: 21,
      widest: 47,
      rank: 5,
      text: ({ peer: { peer } }) => (peer.endpoint ? visible(formatEndpoint(peer.endpoint)) : ''),
    },
    {
      ...right,
      title: 'handshake',
      width: 9,
      rank: 2,
      text: ({ peer }) => handshakeText(peer, options),
    },
    { ...right, title: down, width: 10, rank: 1, text: ({ peer }) => rateText(peer.receiveRate) },
    { ...right, title: up, width: 10, rank: 1, text: ({ peer }) => rateText(peer.transmitRate) },
    {
      ...right,
      title: `${down} / ${up} total`,
      width: 19,
      rank: 6,
      text: ({ peer }) => `${formatBytes(peer.received)} / ${formatBytes(peer.transmitted)}`,
    },
    {
      ...left,
      title: 'activity',
      width: 10,
      widest: HISTORY,
      rank: 3,
      text: ({ peer }, width) =>
        styled(sparkline(peer.history, width, hasUnicode), 'cyan', options),
    },
  ]
  if (!hasDevices) return columns
  return [
    {
      ...left,
      title: 'device',
      width: 8,
      widest: 15,
      rank: 4,
      text: ({ device }) => visible(device.name),
    },
    ...columns,
  ]

  function rateText(rate: number): string {
    return rate > 0 ? formatRate(rate) : styled('0', 'dim', options)
  }

  function handshakeText(peer: PeerActivity, frame: FrameOptions): string {
    const { lastHandshake } = peer
    if (!lastHandshake) return styled('never', 'dim', frame)
    const age = now - lastHandshake.getTime()
    return styled(formatAge(age), isConnected(peer, { now }) ? 'green' : 'yellow', frame)
  }
}

type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'yellow'

const styled = (text: string, style: Style, { hasColor }: FrameOptions): string =>
  hasColor && text !== '' ? styleText(style, text, { validateStream: false }) : text

const cut = (text: string, width: number): string => [...text].slice(0, width).join('')

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
}
