import { isDeepStrictEqual } from 'node:util'
import {
  formatEndpoint,
  invalid,
  type PublicKey,
  refuseAborted,
  WireGuardError,
  wipeOwnKeys,
} from '@wgctrl/types'
import { type JustInTime, type JustInTimeEvent, open, type Peer, type WireGuard } from 'wgctrl'
import { type ClientRules, peerOf } from '../clients/client.js'
import { interfaceName } from '../config/check-config.js'
import type { FleetConfig, GatewayConfig } from '../config/gateway-config.js'
import { readTrusted } from '../files/trusted-text.js'
import { Fleet } from '../fleet/fleet.js'
import { SealOpener } from '../seal/sealed-key.js'
import { openStore } from '../store/open-store.js'
import type { ClientStore } from '../store/store.js'
import { ClientFinder } from './client-finder.js'
import type { GatewayEvent, GatewayState } from './events.js'
import { ensureInterface } from './interface.js'
import { type ClientChanges, StoreFollower } from './store-follower.js'
import { Verification } from './verification.js'

export interface GatewayOptions {
  /** Told of what happens, in order. Not waited for; it must not throw. */
  readonly onEvent?: ((event: GatewayEvent) => void) | undefined
  /** The config as it is now, for {@link Gateway.reload}. Absent: that of the start. */
  readonly readConfig?: (() => Promise<GatewayConfig>) | undefined
}

/** Milliseconds that a lookup may take before the client may have gone somewhere else. */
const PROMPT = 250

/**
 * Milliseconds in which the other gateways have to say whether it did. What kept the store from an answer often keeps
 * them, too: a network that is cut is noticed after three seconds, and as long as NATS says nothing each client would
 * wait for it who could be let in by what is known of him. It is time enough for a connection that is made anew beside
 * the store's.
 */
const FLEET_PATIENCE = 500

/**
 * A gateway as a service: an interface that holds the clients that are there, a store that knows all of them, and each
 * change of the store in the device as it happens.
 *
 * The interface and its peers stay when it is stopped: sessions go on, and the next one finds them.
 */
export class Gateway {
  /** Resolves when it was stopped; rejects when it could not go on. */
  readonly ended: Promise<void>
  readonly #config: GatewayConfig
  readonly #options: GatewayOptions
  readonly #stopped = new AbortController()
  readonly #counts = {
    changed: 0,
    revoked: 0,
    kept: 0,
    changesFailed: 0,
    problems: 0,
    moved: 0,
    left: 0,
  }
  #end: (failure?: unknown) => void = () => {}
  #pinned: ReadonlySet<PublicKey> = new Set()
  /** Of preshared keys; absent: there is no key for it. */
  #opener: SealOpener | undefined
  #wg: WireGuard | undefined
  #store: ClientStore | undefined
  #finder: ClientFinder | undefined
  #follower: StoreFollower | undefined
  #fleet: Fleet | undefined
  #gate: JustInTime | undefined
  /** On the monotonic clock; absent: the store is there. */
  #awaySince: number | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(config: GatewayConfig, options: GatewayOptions = {}) {
    this.#config = config
    this.#options = options
    this.ended = new Promise((resolve, reject) => {
      this.#end = (failure) => (failure === undefined ? resolve() : reject(failure))
    })
    this.ended.catch(() => {})
  }

  /**
   * Brings the interface up, opens the store and lets clients in from then on.
   *
   * @throws {WireGuardError} what of it does not work; {@link stop} lets go of the rest
   * @throws {AbortError} when it is stopped meanwhile
   */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  async #start(): Promise<void> {
    const { signal } = this.#stopped
    const { store, networks, cache, maxLookups } = this.#config
    this.#wg = await open({ signal, dialect: this.#config.interface.dialect })
    await this.#ensure(this.#config)
    const unseal: ClientRules['unseal'] = (sealed, client, path) => {
      if (this.#opener) return this.#opener.open(sealed, client, path)
      throw invalid(path, 'cannot be opened: the interface has no private key in its file')
    }
    this.#store = await openStore(
      store,
      { networks, unseal },
      {
        onProblem: (problem) => {
          this.#counts.problems++
          this.#tell({ type: 'store-problem', ...problem })
        },
      },
    )
    this.#finder = new ClientFinder(this.#store, cache, {
      isAway: () => this.#awaySince !== undefined,
      maxLookups,
      onKept: (publicKey, age) => {
        this.#counts.kept++
        this.#tell({ type: 'kept', publicKey, age })
      },
    })
    this.#gate = await this.#listen(this.#wg, this.#finder)
    refuseAborted(signal)
    if (this.#config.fleet) this.#fleet = await this.#join(this.#config.fleet, this.#gate)
    this.#follower = this.#follow(this.#store, this.#finder, this.#gate)
    this.#follower.start()
    this.#gate.finished.then(
      () => this.#end(),
      (error) => this.#end(error),
    )
  }

  /**
   * Brings the interface to its file, takes over the key of `sealKeyFile` and looks at the store at once. Other changes of
   * the config need a new start. Of those that make it another interface nothing is taken over.
   *
   * @throws {WireGuardError} `EINVAL` when there are such changes; `path` names the first
   */
  async reload(): Promise<void> {
    const config = (await this.#options.readConfig?.()) ?? this.#config
    const { interface: settings, sealKeyFile: _, ...rest } = config
    const { interface: settingsBefore, sealKeyFile: __, ...before } = this.#config
    const identity = changedFields(identityOf(settings), identityOf(settingsBefore))
    if (identity.length > 0) throw tooLate(identity.map((field) => `interface.${field}`))
    await this.#ensure(config)
    await this.#store?.reload?.()
    const changed = changedFields(rest, before)
    if (changed.length > 0) throw tooLate(changed)
  }

  /** One line on how it goes. */
  status(): string {
    const { device, peers, store } = this.state()
    const away = store.isAway ? 'store away' : `store at ${store.revision ?? 'its beginning'}`
    return `${device}: clients ${peers}, ${away}`
  }

  state(): GatewayState {
    const { problems, ...counts } = this.#counts
    const { size = 0, counters = {}, handshakeCounters = {} } = this.#gate ?? {}
    return {
      device: interfaceName(this.#config.interface.file),
      peers: size,
      clients: { ...counters, ...counts },
      initiations: { ...handshakeCounters },
      store: {
        isAway: this.#follower?.isAway ?? true,
        awayFor: this.#awaySince === undefined ? 0 : performance.now() - this.#awaySince,
        revision: this.#follower?.revision,
        waiting: this.#follower?.waiting ?? 0,
        kept: this.#finder?.kept ?? 0,
        maxAge: this.#config.cache.maxAge,
        problems,
      },
      ...(this.#config.fleet && { fleet: { isAway: this.#fleet?.isAway ?? true } }),
    }
  }

  /** Lets nobody in any more and lets go of everything but the interface. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#stopped.abort()
    // What a start that was given up has opened is let go of as well.
    await this.#starting?.catch(() => {})
    await this.#gate?.close()
    await this.#fleet?.stop()
    await this.#follower?.stop()
    await this.#store?.[Symbol.asyncDispose]()
    await this.#wg?.close()
    this.#end()
  }

  #tell(event: GatewayEvent): void {
    const { type } = event
    if (type === 'installed') {
      this.#fleet?.appeared(event.publicKey, formatEndpoint(event.endpoint))
    } else if (type === 'evicted' || type === 'revoked') this.#fleet?.gone(event.publicKey)
    this.#options.onEvent?.(event)
  }

  #join(config: FleetConfig, gate: JustInTime): Promise<Fleet> {
    return Fleet.open(config, {
      held: async () => {
        const wg = this.#wg as WireGuard
        const { peers } = await wg.device(this.state().device, { secrets: false })
        return peers
          .filter(({ publicKey }) => gate.has(publicKey))
          .map(({ publicKey, endpoint, lastHandshake }) => ({
            publicKey,
            endpoint: endpoint && formatEndpoint(endpoint),
            handshake: lastHandshake?.getTime(),
          }))
      },
      isHeld: (publicKey) => gate.has(publicKey),
      initiated: (publicKey) => gate.initiated(publicKey)?.getTime(),
      release: (keys) => gate.release(keys),
      onMoved: (publicKey, from) => {
        this.#counts.moved++
        this.#tell({ type: 'moved', publicKey, ...(from !== undefined && { from }) })
      },
      onLeft: (publicKey, to) => {
        this.#counts.left++
        this.#tell({ type: 'left', publicKey, to })
      },
      onJoined: () => this.#tell({ type: 'fleet-joined' }),
      onFailed: (error) => this.#tell({ type: 'fleet-failed', error }),
    })
  }

  async #ensure({ interface: settings, sealKeyFile }: GatewayConfig): Promise<void> {
    const tell = (message: string): void => this.#tell({ type: 'interface', message })
    const wg = this.#wg as WireGuard
    const { pinned, privateKey } = await ensureInterface(wg, settings, tell, this.#stopped.signal)
    this.#pinned = pinned
    try {
      const own =
        sealKeyFile === undefined ? privateKey : (await readTrusted(sealKeyFile)).text.trim()
      this.#opener = own === undefined ? undefined : new SealOpener(own, 'sealKeyFile')
    } finally {
      privateKey?.wipe()
    }
  }

  #listen(wg: WireGuard, finder: ClientFinder): Promise<JustInTime> {
    const { maxPeers, idle, negativeTtl, lookupTimeout, maxLookups } = this.#config
    return wg.justInTime(interfaceName(this.#config.interface.file), {
      ...{ maxPeers, idle, negativeTtl, lookupTimeout, maxLookups },
      pinned: (publicKey) => this.#pinned.has(publicKey),
      known: (publicKey) => finder.isKnown(publicKey),
      signal: this.#stopped.signal,
      onEvent: (event: JustInTimeEvent) => this.#tell(event),
      lookup: async (publicKey, _, { signal }) => {
        const begun = performance.now()
        const client = await finder.find(publicKey, signal)
        if (!client) return null
        if (performance.now() - begun > PROMPT) await this.#refuseGone(publicKey)
        return peerOf(client)
      },
    })
  }

  /**
   * A device that initiates to a client which has gone to another gateway with the same key meanwhile would call him back.
   * Whoever is still here tries again, and is known then. Where the others cannot be asked he is let in: they find out
   * where he is by the times of his initiations.
   *
   * @throws {WireGuardError} `EAGAIN`
   */
  async #refuseGone(publicKey: PublicKey): Promise<void> {
    const initiated = this.#gate?.initiated(publicKey)?.getTime()
    const here = { time: Date.now(), initiated }
    if (!(await this.#fleet?.isElsewhere(publicKey, here, FLEET_PATIENCE))) return
    const text = 'the client went to another gateway while it was looked up'
    throw new WireGuardError(text, { code: 'EAGAIN' })
  }

  #follow(store: ClientStore, finder: ClientFinder, gate: JustInTime): StoreFollower {
    const onFailed = (error: unknown, publicKey?: PublicKey): void => {
      this.#counts.changesFailed++
      this.#tell({ type: 'change-failed', error, ...(publicKey && { publicKey }) })
    }
    const verification = new Verification({
      finder,
      peers: () => this.#peers(),
      present: () => gate.present(),
      onFailed,
    })
    return new StoreFollower(store, {
      take: (change) => finder.take(change),
      apply: (changes) => this.#apply(gate, changes),
      onLost: () => {
        finder.forget()
        gate.forget()
      },
      verify: (isAnew, apply, signal) => verification.run(isAnew, apply, signal),
      onAway: (error) => {
        if (this.#awaySince !== undefined) return
        this.#awaySince = performance.now()
        this.#tell({ type: 'store-away', error })
      },
      onBack: () => {
        if (this.#awaySince === undefined) return
        this.#awaySince = undefined
        this.#tell({ type: 'store-back' })
        finder.returned()
      },
      onFailed,
    })
  }

  async #peers(): Promise<readonly Peer[]> {
    const { signal } = this.#stopped
    const device = await (this.#wg as WireGuard).device(this.state().device, { signal })
    wipeOwnKeys(device)
    return device.peers
  }

  async #apply(gate: JustInTime, changes: ClientChanges): Promise<void> {
    const peers = [...changes].map(([key, client]) => [key, client && peerOf(client)] as const)
    const { changed, removed } = await gate.change(new Map(peers))
    this.#counts.changed += changed.length
    this.#counts.revoked += removed.length
    for (const publicKey of changed) this.#tell({ type: 'changed', publicKey })
    for (const publicKey of removed) this.#tell({ type: 'revoked', publicKey })
  }
}

/** What makes an interface another one. */
const identityOf = ({ file, dialect = 'wireguard', backend }: GatewayConfig['interface']) => ({
  file,
  dialect,
  backend,
})

function changedFields<T extends object>(now: T, before: T): string[] {
  const fields = Object.keys({ ...now, ...before }) as (keyof T & string)[]
  return fields.filter((field) => !isDeepStrictEqual(now[field], before[field]))
}

function tooLate(changed: readonly string[]): WireGuardError {
  const message = `${changed.join(', ')} of the config changed, which takes a new start`
  return new WireGuardError(message, { code: 'EINVAL', path: changed[0] })
}
