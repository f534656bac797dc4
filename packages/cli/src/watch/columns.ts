/** A column of the table. */
export interface Column {
  readonly title: string
  /** Characters that it needs. */
  readonly width: number
  /** Characters that it can make use of; absent: no more than it needs. */
  readonly widest?: number
  readonly align: 'left' | 'right'
  /** Columns with a lower rank stay longer when the terminal is narrow. */
  readonly rank: number
}

/** Characters between two columns. */
export const GAP = 2

export interface PlacedColumn<T extends Column> {
  readonly column: T
  readonly width: number
}

/**
 * The columns that fit beside each other, in their order. The one of the lowest rank is always there,
 * cut if need be; what is left over goes to those that can use it, in the order of their ranks.
 */
export function placeColumns<T extends Column>(
  columns: readonly T[],
  width: number,
): PlacedColumn<T>[] {
  // What comes behind a column that does not fit is worth less than it.
  const byRank = columns.toSorted((a, b) => a.rank - b.rank)
  const widths = new Map<T, number>()
  let left = width + GAP
  for (const column of byRank) {
    const needed = column.width + GAP
    if (widths.size > 0 && needed > left) break
    widths.set(column, Math.min(column.width, Math.max(1, width)))
    left -= needed
  }
  for (const column of byRank) {
    const now = widths.get(column)
    if (now === undefined || left <= 0) continue
    const more = Math.min(left, Math.max(0, (column.widest ?? column.width) - now))
    widths.set(column, now + more)
    left -= more
  }
  return columns.flatMap((column) => {
    const placed = widths.get(column)
    return placed === undefined ? [] : [{ column, width: placed }]
  })
}
