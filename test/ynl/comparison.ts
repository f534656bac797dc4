import { execFileSync } from 'node:child_process'
import { WireGuardError } from '@wgctrl/types'
import { type Family, openFamily, propertyName, type Values } from '@wgctrl/ynl'
import { kernelSpecs } from '../kernel/specs.mjs'
import { differences } from './differences.js'
import { type Answer, KernelClient, type PlainValues } from './kernel-client.js'

/** What came of one call, for the table. */
export interface Row {
  family: string
  operation: string
  how: 'do' | 'dump' | 'notification'
  /** Messages that were compared. */
  messages: number
  /** The name of the errno that both were refused with. */
  refused?: string
  isEqual: boolean
}

type Outcome = { value: unknown } | { error: WireGuardError }

/** Paths of members that tell when something was made or used, or how long it still takes. */
const MOMENTS = /\.cacheinfo\.\w+$|\.\w+Timer$/

/** A change to make twice, once by each client, and what takes it back. */
export interface Change {
  make: [operation: string, values: PlainValues, flags?: string[]]
  undo: [operation: string, values: PlainValues]
  /** What shows it. */
  shows: [operation: string, values: PlainValues]
}

/** One family in a network namespace of its own, through our client and the kernel's. */
export class Comparison {
  readonly rows: Row[] = []
  readonly #name: string
  readonly #spec: string
  readonly #ours: Family
  readonly #theirs: KernelClient

  private constructor(name: string, spec: string, ours: Family, theirs: KernelClient) {
    this.#name = name
    this.#spec = spec
    this.#ours = ours
    this.#theirs = theirs
  }

  static async open(name: string, netns: string | undefined): Promise<Comparison> {
    const source = await kernelSpecs('newest')
    const spec = `${source}/Documentation/netlink/specs/${name}.yaml`
    return new Comparison(
      name,
      spec,
      await openFamily(spec, { netns }),
      new KernelClient(source, netns),
    )
  }

  /** Both list the same. */
  async dump(operation: string, values: PlainValues = {}): Promise<string[]> {
    const list = () => outcome(this.#ours.dump(operation, asProperties(values)).toArray())
    return this.#both('dump', operation, list, () =>
      this.#theirs.dump(this.#spec, operation, values),
    )
  }

  /** Both get the same answer, or are refused in the same way. */
  async do(operation: string, values: PlainValues = {}, flags: string[] = []): Promise<string[]> {
    return this.#both(
      'do',
      operation,
      () => this.#do(operation, values, flags),
      () => this.#theirs.do(this.#spec, operation, values, flags),
    )
  }

  /** What one makes looks as what the other makes. */
  async change({ make, undo, shows }: Change): Promise<string[]> {
    const shown = () => outcome(this.#ours.dump(shows[0], asProperties(shows[1])).toArray())
    const made = await this.#do(...make)
    const afterOurs = await shown()
    const undone = await this.#do(...undo)
    const answer = await this.#theirs.do(this.#spec, make[0], make[1], make[2] ?? [])
    const afterTheirs = await shown()
    const taken = await this.#theirs.do(this.#spec, undo[0], undo[1], [])
    const making = compared(made, answer, `${make[0]} of ${this.#name}`)
    const undoing = compared(undone, taken, `${undo[0]} of ${this.#name}`)
    this.#note('do', make[0], made, making)
    this.#note('do', undo[0], undone, undoing)
    return [
      ...making,
      ...undoing,
      ...compared(afterOurs, asAnswer(afterTheirs), `what ${make[0]} made`).filter(isLasting),
    ]
  }

  /** Both hear the same of what `cause` does. */
  async heard(groups: readonly string[], count: number, cause: () => void): Promise<string[]> {
    const answer = await this.#theirs.subscribe(this.#spec, groups)
    if (!('value' in answer))
      return [`the kernel's client does not hear ${groups}: ${text(answer)}`]
    const events = await this.#ours.subscribe(groups)
    cause()
    const ours: { name: string; message: Values }[] = []
    while (ours.length < count) {
      const { value } = await events.next()
      if (value?.type !== 'message') throw new Error('messages were lost')
      ours.push(value)
    }
    await events.return()
    const theirs = await this.#theirs.heard(count, 30)
    // It may call a notification by the operation that answers under the same number.
    const said =
      'value' in theirs
        ? { value: (theirs.value as { msg: unknown }[]).slice(0, count).map(({ msg }) => msg) }
        : theirs
    const found = compared(
      { value: ours.map(({ message }) => message) },
      said,
      `what ${this.#name} tells`,
    )
    for (const { name } of ours) {
      const row = { family: this.#name, operation: name, how: 'notification' as const }
      this.rows.push({ ...row, messages: 1, isEqual: found.length === 0 })
    }
    return found
  }

  async close(): Promise<void> {
    await this.#ours.close()
    await this.#theirs.close()
  }

  #do(operation: string, values: PlainValues, flags: readonly string[] = []): Promise<Outcome> {
    const answer = this.#ours.doAll(operation, asProperties(values), { flags: flags as 'create'[] })
    return outcome(answer.then((found) => (found.length > 1 ? found : found[0])))
  }

  /**
   * It is read by us once before and once after: numbers that moved meanwhile, such as ages, are not compared. When what
   * is there at all has changed, all is read again.
   */
  async #both(
    how: 'do' | 'dump',
    operation: string,
    ours: () => Promise<Outcome>,
    theirs: () => Promise<Answer>,
  ): Promise<string[]> {
    const path = `${how} ${operation} of ${this.#name}`
    let [before, answer, after] = [await ours(), await theirs(), await ours()]
    while (shapeOf(before) !== shapeOf(after)) {
      ;[before, answer, after] = [after, await theirs(), await ours()]
    }
    const moving = new Set(compared(before, asAnswer(after), path).map(placeOf))
    const found = compared(after, answer, path)
      .filter((line) => !moving.has(placeOf(line)))
      .filter(isLasting)
    this.#note(how, operation, after, found)
    return found
  }

  #note(how: 'do' | 'dump', operation: string, found: Outcome, lines: readonly string[]): void {
    const row = { family: this.#name, operation, how, isEqual: lines.length === 0 }
    if ('error' in found) this.rows.push({ ...row, messages: 0, refused: found.error.code })
    else this.rows.push({ ...row, messages: countOf(found.value) })
  }
}

const isLasting = (line: string): boolean => !MOMENTS.test(placeOf(line))

/** All but the numbers. */
const shapeOf = (found: Outcome): string =>
  'error' in found
    ? found.error.code
    : JSON.stringify(found.value ?? null, (_, each) =>
        typeof each === 'number' || typeof each === 'bigint' ? 0 : each,
      )

const countOf = (value: unknown): number =>
  Array.isArray(value) ? value.length : value === undefined ? 0 : 1

const placeOf = (line: string): string => line.slice(0, line.indexOf(': '))

async function outcome(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await call }
  } catch (error) {
    if (error instanceof WireGuardError && error.errno !== undefined) return { error }
    throw error
  }
}

const asAnswer = (found: Outcome): Answer =>
  'value' in found
    ? { value: found.value }
    : { errno: found.error.errno ?? 0, extack: { msg: found.error.extendedAck?.message } }

function compared(ours: Outcome, theirs: Answer, path: string): string[] {
  if ('failure' in theirs) return [`${path}: the kernel's client gave up: ${theirs.failure}`]
  if ('error' in ours) {
    const { errno, extendedAck } = ours.error
    if (!('errno' in theirs)) return [`${path}: we are refused: ${ours.error.message}`]
    return differences(
      { errno, message: extendedAck?.message },
      { errno: theirs.errno, message: theirs.extack['msg'] ?? null },
      path,
    )
  }
  if ('errno' in theirs) return [`${path}: the kernel's client is refused: ${text(theirs)}`]
  return differences(ours.value, theirs.value, path)
}

const text = (answer: Answer): string => JSON.stringify(answer)

/** A request by the names of the spec as one by properties; `{ $bytes: hex }` are bytes. */
function asProperties(value: PlainValues): Values {
  return converted(value) as Values
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted)
  if (typeof value !== 'object' || value === null) return value
  const { $bytes: hex } = value as { $bytes?: string }
  if (hex !== undefined) return Uint8Array.from(Buffer.from(hex, 'hex'))
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [propertyName(key), converted(each)]),
  )
}

/** Runs lines of a shell, in a namespace if one is named. */
export function shell(lines: readonly string[], netns?: string): void {
  const inside = netns === undefined ? [] : ['ip', 'netns', 'exec', netns]
  const [command = '', ...args] = [...inside, 'sh', '-ec', lines.join('\n')]
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
