import { checkAtLeast, type Endpoint, InvalidTypeError } from '@wgctrl/types'
import { BoundedMap } from '../bounded-map.js'

/** How often something may happen. */
export interface Rate {
  /** Times per second, in the long run; 0: a burst, and never again; `Infinity`: no limit. */
  readonly perSecond: number
  /** Times at once, after a pause. 1 or more; `Infinity`: no limit. */
  readonly burst: number
}

/**
 * @param path the field, such as `options.overall`
 * @throws {TypeError | RangeError} `EINVAL` with `path`
 */
export function checkRate(rate: Rate, path: string): Rate {
  if (typeof rate !== 'object' || rate === null) {
    throw new InvalidTypeError(path, 'must have perSecond and burst')
  }
  const perSecond = checkAtLeast(0, rate.perSecond, `${path}.perSecond`)
  return { perSecond, burst: checkAtLeast(1, rate.burst, `${path}.burst`) }
}

interface Bucket {
  tokens: number
  at: number
}

/**
 * A token bucket for each source, of which a bounded number is remembered: the one that was not seen
 * for longest is forgotten first, and begins anew with a full bucket.
 */
export class RateLimit {
  readonly #rate: Rate
  readonly #buckets: BoundedMap<string, Bucket>

  constructor(rate: Rate, capacity: number) {
    this.#rate = rate
    this.#buckets = new BoundedMap(capacity)
  }

  /**
   * Takes a token.
   *
   * @param now milliseconds of a clock that does not go back
   * @returns false when there is none
   */
  take(source: string, now: number): boolean {
    const { perSecond, burst } = this.#rate
    if (perSecond === Number.POSITIVE_INFINITY) return true
    const bucket = this.#buckets.get(source) ?? { tokens: burst, at: now }
    this.#buckets.set(source, bucket)
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000)
    bucket.at = now
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}

/** Who counts as one source: an IPv4 address, an IPv6 /64. @source drivers/net/wireguard/ratelimiter.c */
export function sourceOf({ family, address }: Endpoint): string {
  return family === 4 ? address : firstGroups(address)
}

/** The first four groups of a canonical IPv6 address. */
function firstGroups(address: string): string {
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  if (tail === undefined || front.length >= 4) return front.slice(0, 4).join(':')
  const back = tail === '' ? [] : tail.split(':')
  // An IPv4 address at the end stands for two groups.
  const known = front.length + back.length + (tail.includes('.') ? 1 : 0)
  return [...front, ...Array<string>(8 - known).fill('0'), ...back].slice(0, 4).join(':')
}
