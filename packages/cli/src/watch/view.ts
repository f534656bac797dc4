import type { Order } from './ranking.js'

/** How a user looks at the table. */
export interface View {
  readonly order: Order
  readonly isReversed: boolean
  /** What a peer has to have in its name, key, endpoint, networks or state to be shown; empty: all are. */
  readonly filter: string
  /** Keys go into the filter. */
  readonly isTyping: boolean
  /** Nothing moves until the user goes on. */
  readonly isPaused: boolean
  /** The place of the row under the cursor, from the top of all; `undefined`: there is no cursor. */
  readonly cursor: number | undefined
  /** The row that is open, for all there is to know of its peer. */
  readonly opened: RowId | undefined
}

/** What stays of a row when rows change their places. */
export interface RowId {
  readonly device: string
  readonly publicKey: string
}

/** What the rows are that the user saw when a key came. */
export interface Seen {
  /** How many there are, shown or not. */
  readonly count: number
  /** How many fit on the screen. */
  readonly places: number
  /** The one under the cursor. */
  readonly current: RowId | undefined
}

/** A key by its name, as node:readline has it, and what it types. */
export interface Key {
  readonly name: string
  readonly text: string
}

export const FIRST_VIEW: View = {
  order: 'rate',
  isReversed: false,
  filter: '',
  isTyping: false,
  isPaused: false,
  cursor: undefined,
  opened: undefined,
}

const ORDERS: readonly Order[] = ['rate', 'total', 'handshake', 'state', 'name']

/** What a key makes of a view; `leave` and `suspend`: what it asks of the program. */
export function pressed(view: View, key: Key, seen: Seen): View | 'leave' | 'suspend' {
  if (key.name === 'ctrl-c') return 'leave'
  if (key.name === 'ctrl-z') return 'suspend'
  if (view.isTyping) return typed(view, key)
  const action = actions[key.text] ?? actions[key.name]
  return action ? action(view, seen) : view
}

type Action = (view: View, seen: Seen) => View | 'leave'

const move =
  (distance: (seen: Seen) => number): Action =>
  (view, seen) => {
    const from = view.cursor ?? (distance(seen) > 0 ? -1 : 0)
    const cursor = Math.max(0, Math.min(seen.count - 1, from + distance(seen)))
    return seen.count === 0 ? view : { ...view, cursor }
  }

const open: Action = (view, { current }) =>
  view.opened || !current ? { ...view, opened: undefined } : { ...view, opened: current }

/** Out of what the user went into last. */
const back: Action = (view) => {
  if (view.opened) return { ...view, opened: undefined }
  if (view.filter !== '') return { ...view, filter: '' }
  return { ...view, cursor: undefined }
}

const pause: Action = (view) => ({ ...view, isPaused: !view.isPaused })

/** By what is typed, or by the name of the key. */
const actions: Readonly<Record<string, Action>> = {
  q: () => 'leave',
  Q: () => 'leave',
  s: (view) => ({ ...view, order: after(view.order), isReversed: false }),
  r: (view) => ({ ...view, isReversed: !view.isReversed }),
  '/': (view) => ({ ...view, isTyping: true, opened: undefined }),
  p: pause,
  ' ': pause,
  space: pause,
  j: move(() => 1),
  k: move(() => -1),
  down: move(() => 1),
  up: move(() => -1),
  pagedown: move(({ places }) => places),
  pageup: move(({ places }) => -places),
  home: move(({ count }) => -count),
  return: open,
  enter: open,
  escape: back,
}

const after = (order: Order): Order => ORDERS[(ORDERS.indexOf(order) + 1) % ORDERS.length] as Order

/** Keys that go into the filter: each character that can be seen. */
function typed(view: View, { name, text }: Key): View {
  const { filter } = view
  if (name === 'return' || name === 'enter') return { ...view, isTyping: false }
  if (name === 'escape') return { ...view, isTyping: false, filter: '' }
  if (name === 'backspace') return { ...view, filter: [...filter].slice(0, -1).join('') }
  return /^\P{C}+$/u.test(text) ? { ...view, filter: filter + text, cursor: undefined } : view
}
