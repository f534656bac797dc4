import { isPublicKey, type PublicKey } from '@wgctrl/types'
import { ConfigFileError, parseConfig } from 'wgctrl'
import { type Client, type ClientRules, checkClient } from '../../clients/client.js'
import { Turns } from '../turns.js'

/** A client as a file has it. */
interface Entry {
  readonly publicKey: PublicKey
  readonly client: Client
  /** Of its `[Peer]`, from 1. */
  readonly line: number
}

/** A `[Peer]` that cannot be used. */
interface BadEntry {
  readonly line: number
  readonly message: string
  /** Whom it is about, as far as that can be read. */
  readonly publicKey?: PublicKey | undefined
}

/** The clients of a file, and what is wrong with it. */
export interface Entries {
  readonly good: readonly Entry[]
  readonly bad: readonly BadEntry[]
}

interface Block {
  readonly line: number
  readonly text: string
}

/** A header as wg(8) takes it: in any case, with spaces anywhere. */
const HEADER = /^\s*\[/
const PEER = /^\s*\[\s*p\s*e\s*e\s*r\s*\]/i
const KEY = /^\s*PublicKey\s*=\s*([^\s#]+)/im

/** A comment for wg(8), and a preshared key for us. */
const SEALED = /^\s*#\s*SealedPresharedKey\s*=\s*(\S+)\s*$/gim

/**
 * Reads the `[Peer]` blocks of a file, each by itself: what is wrong with one says nothing of the others. Other sections
 * are passed over.
 */
export async function readPeerBlocks(text: string, rules: ClientRules): Promise<Entries> {
  const good: Entry[] = []
  const bad: BadEntry[] = []
  const turns = new Turns()
  for (const block of blocksOf(text)) {
    await turns.next()
    try {
      good.push(readBlock(block, rules))
    } catch (error) {
      bad.push(badEntry(block, error))
    }
  }
  return { good, bad }
}

function* blocksOf(text: string): Generator<Block> {
  let lines: string[] | undefined
  let first = 0
  const all = text.split(/\r?\n/)
  for (const [at, line] of all.entries()) {
    if (HEADER.test(line)) {
      if (lines) yield { line: first, text: lines.join('\n') }
      lines = PEER.test(line) ? [] : undefined
      first = at + 1
    }
    lines?.push(line)
  }
  if (lines) yield { line: first, text: lines.join('\n') }
}

function readBlock({ line, text }: Block, rules: ClientRules): Entry {
  const { peers } = parseConfig(text, { dialect: 'wg', unknownKeys: 'refuse' })
  const [peer] = peers
  if (!peer) throw new ConfigFileError([])
  const { publicKey, allowedIPs, presharedKey, persistentKeepalive, name } = peer
  const seals = [...text.matchAll(SEALED)].map(([, seal]) => seal)
  const sealedPresharedKey = seals.length > 0 ? seals : undefined
  const client = { allowedIPs, presharedKey, sealedPresharedKey, persistentKeepalive, name }
  return { publicKey, client: checkClient(client, 'client', publicKey, rules), line }
}

/** The first thing that is wrong, with its line in the file. */
function badEntry({ line, text }: Block, error: unknown): BadEntry {
  const [, key] = KEY.exec(text) ?? []
  const publicKey = isPublicKey(key) ? key : undefined
  if (!(error instanceof ConfigFileError)) {
    return { line, message: error instanceof Error ? error.message : String(error), publicKey }
  }
  const [first] = error.problems
  const column = first ? `column ${first.column}: ` : ''
  const what = first ? `${first.key ?? first.text}: expected ${first.expected}` : 'no peer'
  return { line: line + (first?.line ?? 1) - 1, message: `${column}${what}`, publicKey }
}
