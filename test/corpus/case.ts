import { keyPair, peerKey, secret } from '../contract/samples.js'

/** A config file as people have them. */
export interface Case {
  /** With `{private}`, `{own}`, `{alice}`, `{bob}`, `{carol}` and `{psk}` in the place of keys. */
  readonly text: string
  /** How the text is written to the file; absent: UTF-8. */
  readonly encoding?: 'utf8' | 'latin1' | 'utf16le'
  /** Lines for a shell that make the machine another one before; the usual one is `World`. */
  readonly before?: string
  /** Lines for a shell between up and down. */
  readonly between?: string
  /** The file that `down` reads, where it was edited meanwhile. */
  readonly edited?: string
  /** How ours differs from wg-quick(8) on purpose. */
  readonly differs?: Difference
}

/** A difference on purpose. */
interface Difference {
  /** The beginning of the row or item of docs/interfaces.md that gives the reason. */
  readonly reason: string
  /** What ours says when it refuses what wg-quick(8) takes; absent: `expected/ours.json` has what ours makes of it. */
  readonly refused?: RegExp
}

/** Titles and what they stand for. */
export type Cases = Record<string, Case>

const keys: Record<string, string> = {
  private: keyPair(1).privateKey,
  own: keyPair(1).publicKey,
  alice: peerKey(1),
  bob: peerKey(2),
  carol: peerKey(3),
  psk: secret(1),
}

/** A text with keys in it. */
export const filled = (text: string): string =>
  text.replace(/\{(\w+)\}/g, (words, name) => keys[name] ?? words)

/** The text of a client's file: what is special goes into either section. */
export const client = (
  own: string,
  peer = 'Endpoint = 192.0.2.9:51820\nAllowedIPs = 10.20.0.0/16',
): string => `[Interface]
PrivateKey = {private}
${own}

[Peer]
PublicKey = {alice}
${peer}
`
