import { stripVTControlCharacters } from 'node:util'
import { formatEndpoint } from '@wgctrl/types'
import Table from 'cli-table3'
import { isConnected } from 'wgctrl'
import { visible } from '../visible-text.js'
import { type Column, GAP, type PlacedColumn, placeColumns } from './columns.js'
import { detailLines } from './details.js'
import { formatAge, formatBytes, formatRate } from './format.js'
import type { DeviceActivity, LiveTable } from './live-table.js'
import type { PeerActivity } from './peer-activity.js'
import { HISTORY } from './peer-activity.js'
import { stateOfPeer } from './ranking.js'
import { type NameOf, type PickedRows, pickRows, type Row, rowsOf } from './rows.js'
import { sparkline } from './sparkline.js'
import { cut, styled } from './style.js'
import { FIRST_VIEW, type Seen, type View } from './view.js'

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
  readonly nameOf: NameOf
}

/** How many devices have a line of their own above the table. */
const MOST_DEVICES = 4

interface Cells extends Column {
  text(row: Row, width: number): string
}

/** A screen, and what of it keys go by. */
export interface Frame {
  /** None wider and not more than there is room for. */
  readonly lines: readonly string[]
  readonly seen: Seen
}

/** A screen full of what goes on. */
export function renderFrame(
  table: LiveTable,
  options: FrameOptions,
  view: View = FIRST_VIEW,
): Frame {
  const devices = [...table.devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const heads = headLines(devices, options)
  const places = Math.max(1, options.rows - heads.length - 3)
  const picked = pickRows(table, view, places, options.now, options.nameOf)
  const body = view.opened
    ? detailLines(openedRow(table, view, options), options)
    : tableLines(picked, devices.length > 1, options)
  const foot = styled(cut(footLine(picked, view, options), options.columns), 'dim', options)
  const lines = [...heads, '', ...body].slice(0, Math.max(0, options.rows - 1))
  return {
    lines: [...lines, foot].slice(0, Math.max(1, options.rows)),
    seen: { count: picked.count, places, current: picked.current },
  }
}

function openedRow(table: LiveTable, { opened }: View, { nameOf }: FrameOptions): Row | undefined {
  for (const row of rowsOf(table, nameOf)) {
    if (row.device === opened?.device && row.publicKey === opened.publicKey) return row
  }
  return undefined
}

/** What is left out, and what keys do. */
function footLine(
  { rows, count, hidden }: PickedRows,
  { order, isReversed, filter, isTyping, isPaused, opened }: View,
  { hasUnicode }: FrameOptions,
): string {
  if (isTyping) return `filter: ${filter}${hasUnicode ? '▏' : '_'}  enter to keep, esc to clear`
  const rest = count - rows.length
  const parts = [
    isPaused && 'paused',
    !opened && rest > 0 && `and ${rest} more ${rest === 1 ? 'peer' : 'peers'}`,
    filter !== '' && `${hidden} without "${visible(filter)}"`,
    'q to quit',
    opened ? 'esc back' : `s sort: ${order}${isReversed ? ' reversed' : ''}`,
    '/ filter',
    isPaused ? 'space go on' : 'space pause',
    'arrows and enter open',
  ]
  return parts.filter(Boolean).join(', ')
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

function tableLines(
  { rows, current }: PickedRows,
  hasDevices: boolean,
  options: FrameOptions,
): string[] {
  if (rows.length === 0) return []
  const placed = placeColumns(tableColumns({ rows, current }, hasDevices, options), options.columns)
  const table = new Table({
    head: placed.map(({ column }) => styled(column.title, 'dim', options)),
    colWidths: placed.map(({ width }) => width),
    colAligns: placed.map(({ column }) => column.align),
    chars: { ...NO_LINES, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    truncate: options.hasUnicode ? '…' : '~',
  })
  for (const row of rows) table.push(cellsOf(placed, row))
  const [head = '', ...lines] = table.toString().split('\n')
  return [head, ...lines.map((line, at) => (rows[at] === current ? marked(line, options) : line))]
}

/** The row under the cursor: colours of its own would end that of the whole. */
const marked = (line: string, options: FrameOptions): string =>
  options.hasColor ? styled(stripVTControlCharacters(line), 'inverse', options) : line

const cellsOf = (placed: readonly PlacedColumn<Cells>[], row: Row): string[] =>
  placed.map(({ column, width }) => column.text(row, width))

function tableColumns(
  { rows, current }: Pick<PickedRows, 'rows' | 'current'>,
  hasDevices: boolean,
  options: FrameOptions,
): Cells[] {
  const { now, hasUnicode } = options
  const longest = rows.reduce((most, row) => Math.max(most, [...row.name].length), 0)
  const [down, up] = hasUnicode ? ['↓', '↑'] : ['in', 'out']
  const right = { align: 'right', rank: 9 } as const
  const left = { align: 'left', rank: 9 } as const
  const columns: Cells[] = [
    {
      ...left,
      title: 'peer',
      rank: 0,
      width: 12,
      widest: Math.max(12, longest),
      text: (row) => row.name,
    },
    {
      ...left,
      title: 'endpoint',
      width: 21,
      widest: 47,
      rank: 5,
      text: ({ peer: { peer } }) => (peer.endpoint ? visible(formatEndpoint(peer.endpoint)) : ''),
    },
    {
      ...left,
      title: 'state',
      width: 9,
      rank: 4,
      text: ({ peer }) => stateText(peer, options),
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
  // Where there are no colours to mark the row with.
  const cursor: Cells = {
    ...left,
    title: '',
    width: 1,
    rank: 1,
    text: (row) => (row === current ? '>' : ''),
  }
  if (current && !options.hasColor) columns.unshift(cursor)
  if (!hasDevices) return columns
  return [
    {
      ...left,
      title: 'device',
      width: 8,
      widest: 15,
      rank: 4,
      text: ({ device }) => visible(device),
    },
    ...columns,
  ]

  function rateText(rate: number): string {
    return rate > 0 ? formatRate(rate) : styled('0', 'dim', options)
  }

  function stateText(peer: PeerActivity, frame: FrameOptions): string {
    const state = stateOfPeer(peer, now)
    return state === 'connected' ? styled(state, 'green', frame) : styled(state, 'dim', frame)
  }

  function handshakeText(peer: PeerActivity, frame: FrameOptions): string {
    const { lastHandshake } = peer
    if (!lastHandshake) return styled('never', 'dim', frame)
    const age = now - lastHandshake.getTime()
    return styled(formatAge(age), isConnected(peer, { now }) ? 'green' : 'yellow', frame)
  }
}

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
