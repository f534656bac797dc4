import { checkFields, type Family, formatAddress, InvalidTypeError } from '@wgctrl/types'
import { ADDRESS_POOL_OPTIONS } from '../option-fields.js'
import { type AddressRange, addressBytes, networkRange, notForHosts } from './network.js'
import { RangeSet } from './range-set.js'

export interface AddressPoolOptions {
  /** Addresses and networks that somebody has; those outside the pool do not matter. */
  readonly used?: Iterable<string> | undefined
  /**
   * Addresses and networks that are never given out: the server's own address, those of a DHCP server. In IPv4
   * a network's own address and its broadcast address are not either, in IPv6 the first address.
   */
  readonly reserve?: Iterable<string> | undefined
}

/**
 * The addresses of one or more networks, of which the lowest free one is given out. To find it takes O(log n) with
 * n used ones, however large the networks are.
 *
 * @example
 * ```ts
 * const pool = new AddressPool('10.8.0.0/24', { used: peers.flatMap((peer) => peer.allowedIPs), reserve: ['10.8.0.1'] })
 * const address = pool.take() // '10.8.0.2'; undefined when there is none left
 * ```
 */
export class AddressPool {
  readonly #networks: readonly AddressRange[]
  readonly #used: Readonly<Record<Family, RangeSet>>
  readonly #reserved: Readonly<Record<Family, RangeSet>>

  /**
   * @param networks in the order in which they are filled
   * @throws {TypeError | WireGuardError} `EINVAL` with `path`
   */
  constructor(networks: string | readonly string[], options: AddressPoolOptions = {}) {
    checkFields(options, 'options', ADDRESS_POOL_OPTIONS)
    const list = typeof networks === 'string' ? [networks] : networks
    if (!Array.isArray(list)) throw new InvalidTypeError('networks', 'must be networks')
    this.#networks = list.map((network, at) =>
      networkRange(network, typeof networks === 'string' ? 'networks' : `networks[${at}]`),
    )
    const reserved = ranges(options.reserve, 'options.reserve')
    for (const network of this.#networks) {
      const { family } = network
      for (const first of notForHosts(network)) reserved.push({ family, first, last: first })
    }
    this.#reserved = byFamily(reserved)
    this.#used = byFamily([...ranges(options.used, 'options.used'), ...reserved])
  }

  /** The lowest free address, which stays free. `undefined`: there is none. */
  next(): string | undefined {
    const free = this.#find()
    return free && text(free)
  }

  /** The lowest free address, which is used from now on. `undefined`: there is none. */
  take(): string | undefined {
    const free = this.#find()
    if (free) this.#used[free.family].add(free.first, free.first)
    return free && text(free)
  }

  /** Takes an address or a network that somebody chose. It may be used already. */
  use(network: string): void {
    const { family, first, last } = networkRange(network, 'network')
    this.#used[family].add(first, last)
  }

  /** Gives back an address or a network. What is reserved stays so. */
  free(network: string): void {
    const { family, first, last } = networkRange(network, 'network')
    this.#used[family].delete(first, last)
    const reserved = this.#reserved[family].within(first, last)
    for (const range of reserved) this.#used[family].add(range.first, range.last)
  }

  /** Whether an address lies in the pool's networks and is neither used nor reserved. */
  isFree(address: string): boolean {
    const { family, first, last } = networkRange(address, 'address')
    const isInside = this.#networks.some(
      (network) => network.family === family && network.first <= first && last <= network.last,
    )
    return isInside && this.#used[family].isClear(first, last)
  }

  #find(): AddressRange | undefined {
    for (const { family, first, last } of this.#networks) {
      const free = this.#used[family].nextFree(first)
      if (free <= last) return { family, first: free, last: free }
    }
    return undefined
  }
}

/**
 * The lowest address of a network that nobody has. Who asks often keeps an {@link AddressPool}, which does not
 * read `used` each time.
 *
 * @param networks one, or several of which the first with room counts. Addresses of both families: ask for each
 * @returns without prefix length; `undefined`: all are used
 * @throws {TypeError | WireGuardError} `EINVAL` with `path`
 * @example
 * ```ts
 * nextAddress('10.8.0.0/24', ['10.8.0.2/32', '10.8.0.3'], { reserve: ['10.8.0.1'] }) // '10.8.0.4'
 * ```
 */
export function nextAddress(
  networks: string | readonly string[],
  used: Iterable<string>,
  options: Pick<AddressPoolOptions, 'reserve'> = {},
): string | undefined {
  checkFields(options, 'options', { reserve: true })
  return new AddressPool(networks, { ...options, used }).next()
}

function ranges(networks: Iterable<string> | undefined, path: string): AddressRange[] {
  if (networks === undefined) return []
  if (typeof networks === 'string' || typeof networks?.[Symbol.iterator] !== 'function') {
    throw new InvalidTypeError(path, 'must be a list of addresses or networks')
  }
  return Array.from(networks, (network, at) => networkRange(network, `${path}[${at}]`))
}

const byFamily = (all: readonly AddressRange[]): Record<Family, RangeSet> => ({
  4: new RangeSet(all.filter(({ family }) => family === 4)),
  6: new RangeSet(all.filter(({ family }) => family === 6)),
})

const text = ({ family, first }: AddressRange): string =>
  formatAddress(family, addressBytes(family, first))
