import { openPacketReader } from '@wgctrl/netlink'
import {
  checkAtLeast,
  checkDuration,
  checkFields,
  checkLinkName,
  type DeviceActivity,
  type Endpoint,
  type PeerActivity,
  type PublicKey,
  runInTurns,
  StepBudget,
  type Steps,
  slept,
  unsupported,
  WireGuardError,
} from '@wgctrl/types'
import { EventIterator } from '../event-iterator.js'
import { HANDSHAKE_OPTIONS } from '../option-fields.js'
import { Pause } from '../watch/pause.js'
import { type HandshakeCounters, NO_PACKETS, type Verdict } from './counters.js'
import { disguiseOf, isSameDisguise, UNDISGUISED } from './disguise.js'
import { initiationFilter, LONGEST_PACKET } from './initiation-filter.js'
import { practise, Responder, requireNoise } from './noise.js'
import type { UdpPacket } from './packet.js'
import { checkRate, type Rate } from './rate-limit.js'
import { Sieve } from './sieve.js'

/** Somebody wants to connect: a handshake initiation that came for a device. */
export interface Initiation {
  /** Whose it is: the sender proved to hold the private key. */
  readonly publicKey: PublicKey
  /**
   * Where it came from. A link-local address has no scope here: the packet does not say which link it
   * came over.
   */
  readonly endpoint: Endpoint
  /** When it was made, by the sender's clock. Only its order means something. */
  readonly timestamp: Date
  /** The device had this peer when it was read last, at most {@link HandshakeOptions.interval} ago. */
  readonly known: boolean
}

export interface HandshakeOptions {
  /** Ends the iteration with an `AbortError`. */
  readonly signal?: AbortSignal | undefined
  /**
   * The network namespace of the device's UDP socket. Absent: the client's, else this process' own. A
   * kernel device's socket stays in the namespace that the device was made in; a userspace device's is
   * in its daemon's.
   */
  readonly netns?: string | number | undefined
  /**
   * Milliseconds between looks at the device for another port, key or set of peers; more where it takes
   * long. Absent: 1000.
   */
  readonly interval?: number | undefined
  /** Initiations of one IPv4 address or IPv6 /64 that are decrypted. Absent: 20 a second, 5 at once. */
  readonly perSource?: Rate | undefined
  /**
   * Initiations of all sources that are decrypted. So many as may be in two seconds wait for their turn, 2048 at most.
   * Absent: 1000 a second, 200 at once.
   */
  readonly overall?: Rate | undefined
  /** How many sources are remembered. Absent: 16,384. */
  readonly sources?: number | undefined
  /** How many keys' timestamps are remembered, to tell replays. Absent: 65,536. */
  readonly keys?: number | undefined
  /** How many initiations wait for a slow consumer; later ones are dropped. Absent: 1024. */
  readonly queue?: number | undefined
}

/** Packets, as the listener needs them: a `PacketReader` of `@wgctrl/netlink`, or a fake. */
export interface PacketSource {
  attach(filter: ReturnType<typeof initiationFilter>): void
  take(): Uint8Array | undefined
  wait(): Promise<boolean>
  /** How many packets were lost before they could be taken. */
  readonly drops: number
  close(): Promise<void>
}

/** What {@link Handshakes} needs from the client. */
export interface HandshakesContext {
  /** Reads the device, or gives a reading that is not older than `maxAge` milliseconds. */
  read(
    name: string,
    options: { maxAge: number; beforePeers: boolean; signal: AbortSignal },
  ): Promise<DeviceActivity>
  /** The client's network namespace. */
  readonly netns?: string | number | undefined
  /** Absent: a packet socket. */
  openPackets?(netns: string | number | undefined): Promise<PacketSource>
  /** Waits before a look at the device that can wait, as long as it does. Absent: nothing is more urgent. */
  othersFirst?(canWait: () => boolean): Promise<unknown>
  /** Whether a peer is there, by who knows it without a reading. Absent: the last reading says it. */
  knows?(publicKey: PublicKey): boolean
  /** It ended, whoever ended it. */
  ended?(): void
}

/** @source drivers/net/wireguard/ratelimiter.c: PACKETS_PER_SECOND, PACKETS_BURSTABLE */
const PER_SOURCE: Rate = { perSecond: 20, burst: 5 }
const OVERALL: Rate = { perSecond: 1000, burst: 200 }

/** Milliseconds that packets may be worked on before others have their turn. */
const SLICE = 2

/** How many initiations wait until they may be decrypted, and for how many seconds: a client tries again after five. */
const [MOST_WAITING, LONGEST_WAIT] = [2048, 2]

/** How much longer than a look at the device the pause after it is, at least. */
const PAUSE_FACTOR = 10

/** Milliseconds between looks at least, when packets are for another key than the one that is known. */
const SHORTEST_PAUSE = 100

/** What it costs to take note of a peer, beside one that is checked. */
const SEEN = 0.25

/** How many such packets are kept until the next look. */
const HELD = 64

/**
 * The handshake initiations that arrive for a device, known peer or not, in order: what an `for await`
 * over {@link Handshakes} gives. Made for one consumer; it starts with the first `next()`.
 */
export class Handshakes extends EventIterator<Initiation> {
  readonly #name: string
  readonly #context: HandshakesContext
  readonly #options: HandshakeOptions
  readonly #interval: number
  readonly #capacity: number
  readonly #sieve: Sieve
  readonly #counts: Record<Verdict | 'received', number>
  readonly #ready: Initiation[] = []
  readonly #mostWaiting: number
  /** Those that may be decrypted when it is their turn. */
  #waiting: UdpPacket[] = []
  #isOpening = false
  #opening: Promise<void> | undefined
  readonly #controller = new AbortController()
  #packets: PacketSource | undefined
  #drops = 0
  #port = 0
  #disguise = UNDISGUISED
  #responder: Responder | undefined
  #known: ReadonlySet<PublicKey> = new Set()
  /** Packets for another key than the one that is known, the last of them: the device may have another now. */
  #held: { readonly packet: Uint8Array; readonly verdict: 'badMac' | 'noKey' }[] = []
  /** Between two looks: packets that need one end it. */
  readonly #rest = new Pause()
  #loops: Promise<void>[] = []

  /** @internal @throws {TypeError | RangeError | WireGuardError} `EINVAL` when name or an option is none */
  constructor(context: HandshakesContext, name: string, options: HandshakeOptions = {}) {
    checkFields(options, 'options', HANDSHAKE_OPTIONS)
    checkLinkName(name)
    super(options.signal)
    this.#name = name
    this.#context = context
    this.#options = options
    const { interval = 1000, queue = 1024, sources = 16_384, keys = 65_536 } = options
    const { perSource = PER_SOURCE, overall = OVERALL } = options
    this.#interval = checkDuration(interval, 'options.interval')
    this.#capacity = checkAtLeast(1, queue, 'options.queue')
    this.#sieve = new Sieve({
      perSource: checkRate(perSource, 'options.perSource'),
      overall: checkRate(overall, 'options.overall'),
      sources: checkAtLeast(1, sources, 'options.sources'),
      keys: checkAtLeast(1, keys, 'options.keys'),
    })
    this.#mostWaiting = Math.min(MOST_WAITING, Math.floor(LONGEST_WAIT * overall.perSecond))
    const { overrun: _, ...counts } = NO_PACKETS
    this.#counts = counts
  }

  /** What became of every packet so far. A copy. */
  get counters(): HandshakeCounters {
    if (this.#packets && !this.isEnded) this.#drops = this.#packets.drops
    return { ...this.#counts, overrun: this.#drops }
  }

  /**
   * When the last initiation of a key that came was made, by the sender's clock. Absent: none came, or so many other keys
   * were heard since that it is forgotten ({@link HandshakeOptions.keys}).
   */
  lastOf(publicKey: PublicKey): Date | undefined {
    return this.#sieve.lastOf(publicKey)
  }

  /**
   * Begins to listen; the first `next()` does it too.
   *
   * @throws {WireGuardError} `ENODEV` and others as a reading of the device; `EPERM` without
   *   CAP_NET_RAW; `EUNSUPPORTED` where the private key cannot be read (boringtun), there are no packet
   *   sockets (other systems than Linux), `node:crypto` lacks what a handshake is made of (Bun), or a device of AmneziaWG has
   *   `randomTrailers`
   */
  async start(): Promise<void> {
    try {
      await this.begun()
    } catch (error) {
      await this.return()
      throw error
    }
  }

  protected async begin(): Promise<void> {
    const device = await this.#read()
    if (device.publicKey !== undefined && device.privateKey === undefined) {
      throw unsupported('handshakes', 'this implementation does not give out its private key')
    }
    requireNoise()
    disguiseOf(device)
    const netns = this.#options.netns ?? this.#context.netns
    const open = this.#context.openPackets ?? openInitiations
    await practise()
    this.#packets = await open(netns)
    if (this.isEnded) return this.#packets.close()
    await this.#arm(device)
    this.#loops = [this.#listen(this.#packets), this.#follow()]
  }

  protected take(): Initiation | undefined {
    return this.#ready.shift()
  }

  protected async end(begun: Promise<void>): Promise<void> {
    if (this.#packets) this.#drops = this.#packets.drops
    this.#controller.abort()
    await begun
    await this.#packets?.close()
    await Promise.all([...this.#loops, this.#opening])
    this.#counts.limited += this.#waiting.splice(0).length
    this.#ready.length = 0
    this.#held = []
    this.#context.ended?.()
  }

  /** Packets to initiations; others have their turn in between. */
  async #listen(packets: PacketSource): Promise<void> {
    try {
      while (await packets.wait()) {
        const until = performance.now() + SLICE
        for (let packet = packets.take(); packet; packet = packets.take()) {
          this.#handle(packet)
          if (performance.now() > until) break
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      this.fail(error)
    }
  }

  #handle(packet: Uint8Array): void {
    this.#counts.received++
    this.#sift(packet)
  }

  #sift(packet: Uint8Array): void {
    const now = performance.now()
    const udp = this.#sieve.examine(packet, this.#port, this.#disguise, this.#responder, now)
    if (typeof udp === 'string') {
      this.#counts[udp]++
      if (udp === 'badMac' || udp === 'noKey') this.#hold(packet, udp)
    } else if (this.#waiting.length === 0 && this.#sieve.takeTurn(now)) {
      this.#open(udp)
    } else if (this.#waiting.length < this.#mostWaiting) {
      this.#waiting.push(udp)
      if (!this.#isOpening) this.#opening = this.#openWaiting()
    } else this.#counts.limited++
  }

  /** More came at once than may be decrypted: after a restart of a gateway all of its clients do. */
  async #openWaiting(): Promise<void> {
    this.#isOpening = true
    while (this.#waiting.length > 0 && (await slept(1, this.#controller.signal))) {
      const until = performance.now() + SLICE
      for (let now = 0; now < until && this.#waiting.length > 0; ) {
        now = performance.now()
        if (!this.#sieve.takeTurn(now)) break
        this.#open(this.#waiting.shift() as UdpPacket)
      }
    }
    // In the turn in which it saw that nobody waits: who comes behind it begins anew.
    this.#isOpening = false
  }

  #open(udp: UdpPacket): void {
    const found = this.#responder ? this.#sieve.open(udp, this.#responder) : 'noKey'
    if (typeof found === 'string') this.#counts[found]++
    else if (this.#ready.length >= this.#capacity) {
      this.#counts.queueFull++
    } else {
      this.#counts.delivered++
      this.#ready.push({ ...found, known: this.#knows(found.publicKey) })
      this.wake()
    }
  }

  #hold(packet: Uint8Array, verdict: 'badMac' | 'noKey'): void {
    if (this.#held.length >= HELD) this.#held.shift()
    this.#held.push({ packet: Uint8Array.from(packet), verdict })
    this.#rest.reconsider()
  }

  /** Packets that came for a key which the last look did not know. */
  #siftHeld(hasOtherKey: boolean): void {
    for (const { packet, verdict } of this.#held.splice(0)) {
      if (!hasOtherKey) continue
      this.#counts[verdict]--
      this.#sift(packet)
    }
    // What is for none of both keys was held once more.
    this.#held = []
  }

  /** @returns false when this ended; true after `pause`, or after `shortest` when packets need a look */
  async #pause(pause: number, shortest: number): Promise<boolean> {
    const { signal } = this.#controller
    if (!(await slept(Math.min(shortest, pause), signal))) return false
    const due = performance.now() + pause - shortest
    const left = (): number => (this.#held.length > 0 ? 0 : due - performance.now())
    return left() > 0 ? await this.#rest.over(left, signal) : true
  }

  /** Looks at the device again and again: its port and key may change, it may go and return. */
  async #follow(): Promise<void> {
    const { signal } = this.#controller
    let pause = this.#interval
    let shortest = SHORTEST_PAUSE
    while (await this.#pause(pause, shortest)) {
      await this.#context.othersFirst?.(() => this.#held.length === 0)
      if (signal.aborted) return
      const start = performance.now()
      try {
        const { publicKey } = this.#responder ?? {}
        // What is in hand may be from before the key was changed.
        await this.#arm(await this.#read(this.#held.length > 0 ? 0 : this.#interval / 2))
        this.#siftHeld(this.#responder !== undefined && this.#responder.publicKey !== publicKey)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof WireGuardError)) return this.fail(error)
        // It may return; until then nothing is for it. What else goes wrong may pass as well.
        if (error.code === 'ENODEV') await this.#arm(undefined)
      }
      const least = PAUSE_FACTOR * (performance.now() - start)
      shortest = Math.max(SHORTEST_PAUSE, least)
      pause = Math.max(this.#interval, least)
    }
  }

  #read(maxAge = this.#interval / 2): Promise<DeviceActivity> {
    const { signal } = this.#controller
    // The port and the key are of interest; peers come by the hundred in a second.
    return this.#context.read(this.#name, { maxAge, beforePeers: true, signal })
  }

  async #arm(device: DeviceActivity | undefined): Promise<void> {
    if (!this.#context.knows) this.#known = await runInTurns(keySteps(device?.peers ?? []))
    const port = device?.listenPort ?? 0
    const disguise = device ? disguiseOf(device) : UNDISGUISED
    if (port !== this.#port || !isSameDisguise(disguise, this.#disguise)) {
      this.#packets?.attach(initiationFilter(port, disguise))
    }
    this.#port = port
    this.#disguise = disguise
    const { privateKey } = device ?? {}
    if (privateKey === undefined) this.#responder = undefined
    else if (device?.publicKey !== this.#responder?.publicKey) {
      this.#responder = new Responder(privateKey)
    }
  }

  #knows(publicKey: PublicKey): boolean {
    return this.#context.knows?.(publicKey) ?? this.#known.has(publicKey)
  }
}

/** In steps: each key is hashed. */
function* keySteps(peers: readonly PeerActivity[]): Steps<Set<PublicKey>> {
  const keys = new Set<PublicKey>()
  const budget = new StepBudget()
  for (const { publicKey } of peers) {
    keys.add(publicKey)
    if (budget.spend(SEEN)) yield
  }
  return keys
}

function openInitiations(netns: string | number | undefined): Promise<PacketSource> {
  return openPacketReader({ filter: initiationFilter(0), maxLength: LONGEST_PACKET, netns })
}
