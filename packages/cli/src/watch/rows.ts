import { formatEndpoint } from '@wgctrl/types'
import { visible } from '../visible-text.js'
import type { DeviceActivity, LiveTable } from './live-table.js'
import type { PeerActivity } from './peer-activity.js'
import { comparison, firstOf, stateOfPeer } from './ranking.js'
import type { RowId, View } from './view.js'

/** What a peer is called; `undefined`: by its key. */
export type NameOf = (device: string, peer: PeerActivity) => string | undefined

/** A peer and its device. */
export class Row implements RowId {
  readonly #activity: DeviceActivity
  readonly #nameOf: NameOf

  constructor(
    activity: DeviceActivity,
    readonly peer: PeerActivity,
    nameOf: NameOf,
  ) {
    this.#activity = activity
    this.#nameOf = nameOf
  }

  get device(): string {
    return this.#activity.name
  }

  get publicKey(): string {
    return this.peer.publicKey
  }

  /** For a terminal. */
  get name(): string {
    return visible(this.#nameOf(this.device, this.peer) ?? this.publicKey)
  }
}

/** The rows that a view shows. */
export interface PickedRows {
  readonly rows: readonly Row[]
  /** The place of the first of them among all. */
  readonly start: number
  /** How many there are, shown or not. */
  readonly count: number
  /** How many the filter leaves out. */
  readonly hidden: number
  /** The one under the cursor. */
  readonly current: Row | undefined
}

/**
 * @param places how many there is room for
 * @param now milliseconds since 1970
 */
export function pickRows(
  table: LiveTable,
  view: View,
  places: number,
  now: number,
  nameOf: NameOf,
): PickedRows {
  const all = [...rowsOf(table, nameOf)]
  const matching = view.filter === '' ? all : all.filter(matcher(view.filter, now))
  const count = matching.length
  const cursor = view.cursor === undefined ? undefined : Math.min(view.cursor, count - 1)
  const start = Math.max(0, (cursor ?? 0) - places + 1)
  const first = firstOf(matching, start + places, comparison(view.order, view.isReversed, now))
  const rows = first.slice(start)
  const current = cursor === undefined ? undefined : rows[cursor - start]
  return { rows, start, count, hidden: all.length - count, current }
}

export function* rowsOf(table: LiveTable, nameOf: NameOf): Generator<Row> {
  for (const device of table.devices.values()) {
    for (const peer of device.peers.values()) yield new Row(device, peer, nameOf)
  }
}

/** Whether a row has a text in what is shown of it, in any case. */
function matcher(filter: string, now: number): (row: Row) => boolean {
  const wanted = filter.toLowerCase()
  const has = (text: string): boolean => text.toLowerCase().includes(wanted)
  return (row) => {
    const { endpoint, allowedIPs } = row.peer.peer
    return (
      has(row.name) ||
      has(row.publicKey) ||
      has(row.device) ||
      (endpoint !== undefined && has(formatEndpoint(endpoint))) ||
      allowedIPs.some(has) ||
      has(stateOfPeer(row.peer, now))
    )
  }
}
