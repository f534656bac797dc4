import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { afterTurns, type Backend, inTurn, ofProcess } from '@wgctrl/types'

/** The time during which a call holds lines. What it calls itself is part of it, and does not queue behind it. */
export class Turn {
  readonly #keys: readonly string[]
  readonly #outer: Turn | undefined
  #isOver = false

  constructor(keys: readonly string[], outer: Turn | undefined) {
    this.#keys = keys
    this.#outer = outer
  }

  /** After the end it holds nothing, though calls may still come from what was begun in it. */
  holds(key: string): boolean {
    return (!this.#isOver && this.#keys.includes(key)) || (this.#outer?.holds(key) ?? false)
  }

  /** Part of another turn on the same device. */
  get isNested(): boolean {
    return this.#keys.some((key) => this.#outer?.holds(key))
  }

  end(): void {
    this.#isOver = true
  }
}

/** The turn whose hook is running. */
const hookTurns = ofProcess('turns of hooks, 1', () => new AsyncLocalStorage<Turn>())

/** Runs functions of the caller, who may make calls of his own in them: those are part of the turn. */
export function withHooks<T>(turn: Turn, body: () => Promise<T>): Promise<T> {
  return hookTurns.run(turn, body)
}

/** How many changes of a device wait for names, or behind one that does. */
const delayed = ofProcess('delayed changes, 1', () => new Map<string, number>())

/** How a change stands in line. */
export interface ChangeOptions<P> {
  readonly signal: AbortSignal
  /** The turn that the change is part of. */
  readonly turn?: Turn | undefined
  /** What takes long and has to be done before: changes wait for it, reads do not. Absent: nothing. */
  readonly prepare?: (() => Promise<P>) | undefined
}

/** Names for backends that say nothing of lines: their devices are their own. */
const owners = ofProcess('owners of lines, 1', () => new WeakMap<Backend, string>())

/** The lines in which the calls on one device stand, in all of this process. */
export function linesOf(backends: readonly Backend[], name: string): string[] {
  return backends.map((backend) => `calls: ${backend.lineOf?.(name) ?? ownLine(backend, name)}`)
}

function ownLine(backend: Backend, name: string): string {
  const owner = owners.get(backend) ?? randomUUID()
  owners.set(backend, owner)
  return `${owner} ${name}`
}

/** Runs a read in its turn. */
export function readInTurn<T>(
  lines: readonly string[],
  signal: AbortSignal,
  turn: Turn | undefined,
  read: () => Promise<T>,
): Promise<T> {
  return inTurn(notHeld(lines, turn ?? hookTurns.getStore()), signal, read)
}

/** A stream waits for the calls before it and holds up nobody behind it. */
export function followTurns(lines: readonly string[], signal: AbortSignal): Promise<void> {
  return afterTurns(notHeld(lines, hookTurns.getStore()), signal)
}

/**
 * Runs a change in its turn, which it has from its first read to its last write. Its place in line is the
 * moment of this call. Changes of one device keep their order also where some have to wait for names.
 */
export async function changeInTurn<T, P>(
  lines: readonly string[],
  { signal, turn = hookTurns.getStore(), prepare }: ChangeOptions<P>,
  change: (turn: Turn, prepared: P | undefined) => Promise<T>,
): Promise<T> {
  const changes = notHeld(lines.map(changesOf), turn)
  const hold = (prepared?: P): Promise<T> => {
    const inner = new Turn([...lines, ...lines.map(changesOf)], turn)
    return inTurn(notHeld(lines, turn), signal, () =>
      change(inner, prepared).finally(() => inner.end()),
    )
  }
  const isDelayed = prepare !== undefined || changes.some((line) => delayed.has(line))
  if (!isDelayed) return await hold()
  return await delayChange(changes, signal, async () => hold(await prepare?.()))
}

/**
 * Runs a change that takes long between its reads and its writes, since it asks name servers: no other change
 * comes between, reads do.
 */
export function changeSlowly<T>(
  lines: readonly string[],
  signal: AbortSignal,
  change: (turn: Turn) => Promise<T>,
): Promise<T> {
  const outer = hookTurns.getStore()
  const inner = new Turn(lines.map(changesOf), outer)
  return delayChange(notHeld(lines.map(changesOf), outer), signal, () =>
    change(inner).finally(() => inner.end()),
  )
}

async function delayChange<T>(
  changes: readonly string[],
  signal: AbortSignal,
  change: () => Promise<T>,
): Promise<T> {
  for (const line of changes) delayed.set(line, (delayed.get(line) ?? 0) + 1)
  try {
    return await inTurn(changes, signal, change)
  } finally {
    for (const line of changes) leave(line)
  }
}

function leave(line: string): void {
  const left = (delayed.get(line) ?? 1) - 1
  if (left > 0) delayed.set(line, left)
  else delayed.delete(line)
}

const changesOf = (line: string): string => `changes, ${line}`

const notHeld = (lines: readonly string[], turn: Turn | undefined): readonly string[] =>
  turn ? lines.filter((line) => !turn.holds(line)) : lines
