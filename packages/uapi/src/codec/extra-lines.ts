import { EXTRA_SECRET, type ExtraKeys, LONGEST_EXTRA, MOST_EXTRA } from '@wgctrl/types'

/** Bytes of all values that are kept of one reply: an endless one must not fill memory. */
const MOST_BYTES = 2 ** 24

const KEY = /^[a-z][a-z0-9_]*$/

/** A device or a peer. */
interface Owner {
  extra?: ExtraKeys
}

/** Keeps the lines of a reply that this version has no field for. */
export class ExtraLines {
  #bytes = 0
  #owner: Owner | undefined
  #lines = 0

  /** Keeps one at its owner, unless it may be a secret, or there are too many. Nothing in it is obeyed by a terminal. */
  keep(owner: Owner, key: string, bytes: Buffer, from: number, to: number): void {
    if (owner !== this.#owner) this.#lines = 0
    this.#owner = owner
    const length = to - from
    if (length > LONGEST_EXTRA || this.#bytes + length > MOST_BYTES || this.#lines === MOST_EXTRA) {
      return
    }
    if (!KEY.test(key) || EXTRA_SECRET.key.test(key)) return
    const isHex = length === 64 && EXTRA_SECRET.value.test(bytes.toString('latin1', from, to))
    if (isHex) return
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what a terminal obeys
    const value = bytes.toString('utf8', from, to).replace(/[\x00-\x1f\x7f-\x9f]/g, '?')
    this.#bytes += length
    this.#lines++
    const { [key]: before, ...others } = owner.extra ?? {}
    const values = before === undefined ? value : [...[before].flat(), value]
    owner.extra = { ...others, [key]: values }
  }
}
