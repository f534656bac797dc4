/**
 * - `ok`: it is there and right
 * - `note`: only some need it, or it is worth knowing
 * - `missing`: WireGuard cannot be used, or not fully, without it
 */
export type Verdict = 'ok' | 'note' | 'missing'

/** What was found out about one thing. */
export interface Finding {
  /** Stays the same over releases; `--json` has it. */
  readonly id: string
  readonly verdict: Verdict
  /** What was found, in a line without a full stop. */
  readonly text: string
  /** What to do, in a line without a full stop; absent: nothing. */
  readonly advice?: string
}

export const ok = (id: string, text: string): Finding => ({ id, verdict: 'ok', text })

export const note = (id: string, text: string, advice?: string): Finding => ({
  id,
  verdict: 'note',
  text,
  ...(advice !== undefined && { advice }),
})

export const missing = (id: string, text: string, advice: string): Finding => ({
  id,
  verdict: 'missing',
  text,
  advice,
})

/** `1 socket`, `2 sockets`. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`
