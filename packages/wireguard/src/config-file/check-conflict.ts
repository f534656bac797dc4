import { type PublicKey, publicKey } from '@wgctrl/types'
import { readAllowedIP } from './address-value.js'
import { type ConfigDocument, publicKeyOf } from './document.js'
import { type Assignment, entriesOf, type Line } from './line.js'
import { type ConfigProblem, problem } from './problem.js'
import type { Section } from './section.js'
import { startOf } from './space.js'
import { readKey } from './value.js'

/** Lines that contradict others: wg(8) takes them all, and the last counts. */
export function conflictProblems(document: ConfigDocument): ConfigProblem[] {
  const conflicts = new Conflicts(ownPublicKey(document))
  for (const { section, line, number } of document.numberedLines()) {
    const isKnown = section.kind === 'interface' || section.kind === 'peer'
    if (isKnown && line.statement.is === 'assignment') {
      conflicts.add(section, line, line.statement, number)
    }
  }
  return conflicts.problems
}

function ownPublicKey(document: ConfigDocument): PublicKey | undefined {
  let own: PublicKey | undefined
  for (const { body } of document.ofKind('interface')) {
    for (const line of body) {
      const { statement } = line
      if (statement.is !== 'assignment' || statement.rule?.name !== 'PrivateKey') continue
      const key = readKey(entriesOf(line, statement)[0]?.text ?? '')
      own = key && !key.isZero ? publicKey(key) : undefined
      key?.wipe()
    }
  }
  return own
}

class Conflicts {
  readonly problems: ConfigProblem[] = []
  readonly #own: PublicKey | undefined
  readonly #peers = new Map<PublicKey, Section>()
  /** Who was given a network first. */
  readonly #owners = new Map<string, PublicKey>()
  #section: Section | undefined
  /** The public key of the section. To look for it takes as long as the section is. */
  #key: PublicKey | undefined
  readonly #seen = new Set<string>()

  constructor(own: PublicKey | undefined) {
    this.#own = own
  }

  add(section: Section, line: Line, statement: Assignment, number: number): void {
    const name = statement.rule?.name ?? statement.key
    const comesOnce = statement.rule?.list === undefined && !statement.rule?.isHook
    if (section !== this.#section) {
      this.#seen.clear()
      this.#key = publicKeyOf(section)
    }
    this.#section = section
    if (comesOnce && this.#seen.has(name)) {
      const expected = 'it once in a section: the last counts'
      const column = startOf(line.text) + 1
      this.problems.push(
        problem({ kind: 'repeated', line: number, column, text: name, expected, key: name }),
      )
    }
    this.#seen.add(name)
    if (name === 'PublicKey') this.#addPeer(section, statement, number)
    if (name === 'AllowedIPs') this.#addNetworks(line, statement, number)
  }

  #addPeer(section: Section, { start }: Assignment, line: number): void {
    const text = this.#key
    if (text === undefined) return
    const first = this.#peers.get(text) ?? section
    this.#peers.set(text, first)
    const expected =
      text === this.#own
        ? 'another key than that of the interface itself'
        : first !== section && 'one section for each peer'
    if (!expected) return
    this.problems.push(
      problem({ kind: 'conflict', line, column: start + 1, text, expected, key: 'PublicKey' }),
    )
  }

  #addNetworks(line: Line, statement: Assignment, number: number): void {
    const peer = this.#key
    for (const { text, start } of entriesOf(line, statement)) {
      const network = readAllowedIP(text)
      if (!network || network.remove || peer === undefined) continue
      const owner = this.#owners.get(network.cidr) ?? peer
      this.#owners.set(network.cidr, owner)
      if (owner === peer) continue
      const expected = `a network of this peer alone: ${owner} has it as well`
      const at = { line: number, column: start + 1, text, key: 'AllowedIPs' }
      this.problems.push(problem({ kind: 'conflict', ...at, expected }))
    }
  }
}
