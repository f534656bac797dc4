import { randomBytes } from 'node:crypto'
import {
  abortable,
  afterTurns,
  type Backend,
  type BackendOperation,
  type CallOptions,
  type Capabilities,
  type CheckedConfig,
  type ComparedDevice,
  type ConfigureOptions,
  type CreateOptions,
  checkFields,
  checkInterfaceName,
  checkLinkName,
  closed,
  type Deadline,
  type Device,
  type DeviceActivity,
  type DeviceConfig,
  type DeviceKind,
  type DeviceOf,
  type ExpectedPeers,
  type FieldsOf,
  formatPublicKey,
  inContext,
  inTurn,
  invalid,
  isZeroKey,
  keysOf,
  type Peer,
  PeerComparison,
  type PeerIterator,
  type PublicKey,
  refuseExtra,
  refuseForeign,
  refuseKeyOfDevice,
  removesAllowedIPs,
  startCall,
  unsupported,
  WIREGUARD_DIALECTS,
  type WireGuardDialect,
  WireGuardError,
  withSteps,
  withThrowawayPeer,
} from '@wgctrl/types'
import { NetlinkError, recoded } from './errors.js'
import { peerWriter, type ScopeIndex, toChange } from './map/config.js'
import { activityBuilder, comparingBuilder, peerBuilder, toDevice } from './map/device.js'
import { removalProbe } from './map/removal.js'
import { changeSteps, isUsual, type UsualChange, wipeChange } from './map/usual-config.js'
import { type OpenRead, OpenReads } from './open-reads.js'
import { type EndStream, PeerStream } from './peer-stream.js'
import { ConnectionPool } from './pool.js'
import { codeOf, type ProbeResult, probe } from './probe.js'
import { Rtnl } from './rtnl.js'
import { type Namespace, namespaceIdentity } from './socket/namespace.js'
import { NETLINK, openNetlinkSocket } from './socket/socket.js'
import type { Transport } from './socket/transport.js'
import { AWG_RANGES_VERSION } from './specs/amneziawg.js'
import { DIALECTS } from './wireguard/dialects.js'
import { FamilyCache } from './wireguard/family.js'
import { DeviceReader } from './wireguard/get-device.js'
import type { PeerBuilder } from './wireguard/peer-builder.js'
import { DeviceWriter } from './wireguard/set-device.js'

export interface KernelBackendOptions {
  /** Which protocol the devices speak; absent: `wireguard`. It decides which family of the kernel is asked. */
  dialect?: WireGuardDialect | undefined
  /** The network namespace whose devices are meant; absent: the one of the calling thread. */
  netns?: Namespace | undefined
  /**
   * Opens what stands for a netlink socket: a fake kernel in tests. `protocol` is one of NETLINK.
   */
  openTransport?: ((protocol: number) => Transport | Promise<Transport>) | undefined
}

const OPTIONS: FieldsOf<KernelBackendOptions> = {
  dialect: WIREGUARD_DIALECTS,
  netns: true,
  openTransport: 'function',
}

/** WireGuard devices of the Linux kernel, over netlink. */
export class KernelBackend implements Backend {
  readonly kind: DeviceKind = 'linux-kernel'
  readonly capabilities: Capabilities = {
    create: true,
    mtu: true,
    interfaceIndex: true,
    perNamespace: true,
    endpointScope: true,
    links: true,
  }
  readonly #dialect: WireGuardDialect
  readonly #netns: Namespace | undefined
  readonly #openTransport: (protocol: number) => Transport | Promise<Transport>
  readonly #pool: ConnectionPool
  readonly #reader: DeviceReader
  readonly #writer: DeviceWriter
  /** Names the namespace in the queue of each device, which is one for the whole process. */
  readonly #queue: string
  /** Names the namespace among all of this machine, or a transport in its place. */
  readonly #namespace: string
  readonly #reads: OpenReads
  #rtnl: Promise<Rtnl> | undefined
  #closed = false
  /** Whether this kernel takes WGALLOWEDIP_F_REMOVE_ME; unknown until it is first needed. */
  #removesAllowedIPs: boolean | undefined

  /**
   * Opens nothing yet; sockets are opened when they are needed.
   *
   * @throws {TypeError | WireGuardError} `EINVAL`; `path` names the option
   */
  constructor(options: KernelBackendOptions = {}) {
    checkFields(options, 'options', OPTIONS)
    const { dialect = 'wireguard', netns, openTransport } = options
    this.#dialect = dialect
    this.#netns = netns
    this.#openTransport = openTransport ?? ((protocol) => openNetlinkSocket({ protocol, netns }))
    this.#pool = new ConnectionPool(() => this.#openTransport(NETLINK.generic))
    const family = new FamilyCache(this.#name)
    const { set } = DIALECTS[dialect]
    this.#reader = new DeviceReader(this.#pool, family, set)
    this.#writer = new DeviceWriter(this.#pool, family, set)
    this.#namespace = openTransport ? 'transport' : namespaceIdentity(netns)
    this.#queue = `linux-kernel ${this.#namespace}`
    this.#reads = new OpenReads(() => this.#newRtnl())
  }

  /** Passes when the kernel has WireGuard and this process may use it; says what to do otherwise. */
  async probe(options?: CallOptions): Promise<void> {
    this.#refuseClosed()
    using deadline = startCall('probe', options)
    const result = await abortable(this.#probe(), deadline.signal)
    if (result.state === 'ready') return
    const details = { code: codeOf(result), backend: this.kind, cause: result.cause }
    throw new NetlinkError(result.message, details)
  }

  lineOf(name: string): string {
    return `${this.#queue} ${name}`
  }

  list(options?: CallOptions): Promise<string[]> {
    return this.#call('list', undefined, options, async (signal) => {
      const rtnl = await this.#openRtnl()
      const links = await rtnl.links({ kind: this.#name, brief: true }, { signal })
      return links.map(({ name }) => name).sort()
    })
  }

  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#call('device', name, options, (signal) => this.#read(name, signal, peerBuilder))
  }

  activity(name: string, options?: CallOptions): Promise<DeviceActivity> {
    return this.#call('device', name, options, (signal) =>
      this.#read(name, signal, activityBuilder),
    )
  }

  compared(name: string, expected: ExpectedPeers, options?: CallOptions): Promise<ComparedDevice> {
    return this.#call('device', name, options, async (signal) => {
      const comparison = new PeerComparison(expected)
      const device = await this.#read(name, signal, comparingBuilder(comparison))
      return { device, unchanged: comparison.unchanged }
    })
  }

  peers(name: string, options?: CallOptions): PeerIterator {
    return new PeerStream((end) => this.#batches(name, end, options), options?.signal)
  }

  configure(name: string, config: DeviceConfig, options?: ConfigureOptions): Promise<void> {
    const steps = changeSteps(name, config, this.#dialect)
    return withSteps(steps, wipeChange, (change) =>
      this.#call('configure', name, options, async (signal) => {
        const ready = await change(signal)
        if (isUsual(ready)) await this.#applyUsual(name, ready, signal, options)
        else await this.#apply(name, ready, signal, options)
      }),
    )
  }

  create(name: string, options: CreateOptions = {}): Promise<void> {
    return this.#call('create', name, options, async (signal) => {
      const { netns, mtu } = options
      const own = netns === undefined || netns === this.#netns
      const rtnl = own ? await this.#openRtnl() : await Rtnl.open({ netns })
      try {
        await rtnl.createLink({ name, kind: this.#name, mtu }, { signal })
      } catch (error) {
        throw creationError(error, name)
      } finally {
        if (!own) await rtnl.close()
      }
    })
  }

  delete(name: string, options?: CallOptions): Promise<void> {
    return this.#call('delete', name, options, async (signal) => {
      const rtnl = await this.#openRtnl()
      const { kind, index } = await rtnl.link(name, { signal })
      if (kind !== this.#name) {
        throw new NetlinkError(`${name} is not ${DIALECTS[this.#dialect].article} interface`, {
          code: 'ENOTWIREGUARD',
        })
      }
      // By index: the name may belong to another link by now.
      await rtnl.deleteLink(index, { signal })
    })
  }

  /** Calls are refused from now on with `ECLOSED`, which also ends the streams that are open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#reads.endAll(closed('backend'))
    await this.#pool.close()
    const rtnl = await this.#rtnl?.catch(() => undefined)
    await rtnl?.close()
  }

  /** Whatever is thrown is ours: a runtime that is not Node may fail in ways that nobody foresaw. */
  async #probe(): Promise<ProbeResult> {
    try {
      const dialect = this.#dialect
      return await probe({ dialect, netns: this.#netns, openTransport: this.#openTransport })
    } catch (cause) {
      const error = inContext(cause, { operation: 'probe', backend: this.kind })
      if (error instanceof WireGuardError) throw error
      const message = `the kernel's WireGuard cannot be asked for: ${String(cause)}`
      throw new NetlinkError(message, { code: 'ENOBACKEND', backend: this.kind, cause })
    }
  }

  async #read<P>(name: string, signal: AbortSignal, builder: PeerBuilder<P>): Promise<DeviceOf<P>> {
    return toDevice(await this.#reader.read(name, builder, { signal }))
  }

  async *#batches(
    name: string,
    end: EndStream,
    options?: CallOptions,
  ): AsyncGenerator<Peer[], void, undefined> {
    const context = { operation: 'peers', device: name, backend: this.kind }
    let deadline: Deadline | undefined
    let read: OpenRead | undefined
    const started = (index: number): void => {
      read ??= { namespace: this.#namespace, index, end: (error) => end(inContext(error, context)) }
      this.#reads.add(read)
    }
    try {
      this.#refuseClosed()
      checkLinkName(name)
      deadline = startCall('peers', options)
      const { signal } = deadline
      await afterTurns(this.lineOf(name), signal)
      for await (const batch of this.#reader.batches(name, peerBuilder, { signal, started })) {
        deadline.pause()
        yield batch
        deadline.resume()
        signal.throwIfAborted()
      }
    } catch (error) {
      throw inContext(error, context)
    } finally {
      if (read) this.#reads.remove(read)
      deadline?.end()
    }
  }

  async #applyUsual(
    name: string,
    { messages, ...keys }: UsualChange,
    signal: AbortSignal,
    { onProgress, ownKey }: ConfigureOptions = {},
  ): Promise<void> {
    await refuseKeyOfDevice(keys, () => this.#publicKey(name, signal), ownKey)
    await this.#writer.send(name, messages, { signal, onProgress })
  }

  async #apply(
    name: string,
    config: CheckedConfig,
    signal: AbortSignal,
    { onProgress, ownKey }: ConfigureOptions = {},
  ): Promise<void> {
    refuseForeign(config, this.#dialect)
    refuseExtra(config)
    // Of AmneziaWG it is asked for before it is changed: whether it is there is ours to tell, whatever a module answers.
    const known =
      this.#dialect === 'amneziawg' ? ((await this.#publicKey(name, signal)) ?? null) : ownKey
    await refuseKeyOfDevice(keysOf(config), () => this.#publicKey(name, signal), known)
    const plain = await this.#withoutRemovals(name, config, signal)
    const scopes = await this.#scopes(plain, signal)
    const version = await this.#version(name, signal)
    const hasRanges = version !== undefined && version >= AWG_RANGES_VERSION
    refuseRanges(plain, version)
    const writer = peerWriter(scopes, hasRanges)
    await this.#writer.write(toChange(name, plain, version), writer, { signal, onProgress })
  }

  /** The family's name, and the kind of its links. */
  get #name(): string {
    return DIALECTS[this.#dialect].name
  }

  /** What is on the wire differs between versions of AmneziaWG's family; WireGuard's has one. */
  async #version(name: string, signal: AbortSignal): Promise<number | undefined> {
    return this.#dialect === 'wireguard' ? undefined : await this.#writer.version(name, { signal })
  }

  /** The same change in words that this kernel knows. */
  async #withoutRemovals(
    name: string,
    config: CheckedConfig,
    signal: AbortSignal,
  ): Promise<CheckedConfig> {
    if (!removesAllowedIPs(config) || this.#removesAllowedIPs) return config
    const { peers } = await this.#read(name, signal, peerBuilder)
    const [peer] = peers
    if (peer) this.#removesAllowedIPs ??= await this.#canRemove(name, peer.publicKey, signal)
    return this.#removesAllowedIPs ? config : withThrowawayPeer(config, peers, randomBytes(32))
  }

  /** @source kernels before 6.16 answer EINVAL to the attribute, before they do anything */
  async #canRemove(name: string, peer: PublicKey, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#writer.write(removalProbe(name, peer), peerWriter(), { signal })
      return true
    } catch (error) {
      if (error instanceof NetlinkError && error.code === 'EINVAL') return false
      throw error
    }
  }

  /** @throws {NetlinkError} ENODEV, ENOTWIREGUARD */
  async #publicKey(name: string, signal: AbortSignal): Promise<PublicKey | undefined> {
    const { publicKey, privateKey, amnezia } = await this.#reader.head(name, { signal })
    privateKey?.fill(0)
    amnezia?.headerProtectionKey?.fill(0)
    return publicKey === undefined || isZeroKey(publicKey) ? undefined : formatPublicKey(publicKey)
  }

  /** The indexes of the links that scopes of endpoints name. */
  async #scopes(config: CheckedConfig, signal: AbortSignal): Promise<ScopeIndex> {
    const indexes = new Map<string, number>()
    for (const [position, { endpoint }] of config.peers.entries()) {
      const scope = endpoint?.scopeId
      if (typeof scope !== 'string' || indexes.has(scope)) continue
      const path = `peers[${position}].endpoint.scopeId`
      indexes.set(scope, await this.#linkIndex(scope, path, signal))
    }
    return (scope) => indexes.get(scope)
  }

  async #linkIndex(name: string, path: string, signal: AbortSignal): Promise<number> {
    try {
      const rtnl = await this.#openRtnl()
      return (await rtnl.link(name, { signal })).index
    } catch (error) {
      if (!(error instanceof NetlinkError && error.code === 'ENODEV')) throw error
      throw invalid(path, `there is no interface ${JSON.stringify(name)}`)
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw closed('backend')
  }

  async #openRtnl(): Promise<Rtnl> {
    this.#refuseClosed()
    this.#rtnl ??= this.#newRtnl().catch((error: unknown) => {
      this.#rtnl = undefined
      throw error
    })
    return this.#rtnl
  }

  async #newRtnl(): Promise<Rtnl> {
    const openTransport = () => this.#openTransport(NETLINK.route)
    const options = { netns: this.#netns, openTransport, namespace: this.#namespace }
    return new Rtnl(await openTransport(), options)
  }

  async #call<T>(
    operation: BackendOperation,
    device: string | undefined,
    options: CallOptions | undefined,
    body: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let deadline: Deadline | undefined
    try {
      this.#refuseClosed()
      deadline = startCall(operation, options)
      const { signal } = deadline
      if (operation === 'list') return await body(signal)
      // What is made gets a name that everything takes; what is there may have any that the kernel does.
      const check = operation === 'create' ? checkInterfaceName : checkLinkName
      check(device as string)
      return await inTurn(this.lineOf(device as string), signal, () => body(signal))
    } catch (error) {
      throw inContext(error, { operation, ...(device && { device }), backend: this.kind })
    } finally {
      deadline?.end()
    }
  }
}

/** A module that is too old has no word for a range. */
function refuseRanges({ peers }: CheckedConfig, version = 0): void {
  if (version >= AWG_RANGES_VERSION) return
  const at = peers.findIndex((peer) => peer.persistentKeepaliveRange !== undefined)
  if (at < 0) return
  const problem = `peers[${at}].persistentKeepaliveRange needs version 3 of the kernel's amneziawg, not ${version}`
  throw unsupported('amneziawg', problem)
}

/** @source rtnetlink answers EOPNOTSUPP to a kind of link that no module provides */
function creationError(error: unknown, name: string): unknown {
  if (!(error instanceof NetlinkError)) return error
  if (error.code === 'EEXIST') {
    return recoded(error, 'EEXIST', `there is an interface ${name} already`)
  }
  if (error.code !== 'EOPNOTSUPP') return error
  return recoded(error, 'ENOBACKEND', 'the kernel has no WireGuard: its module cannot be loaded')
}
