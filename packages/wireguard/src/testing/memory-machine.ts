import {
  abortable,
  type Capabilities,
  type CreateOptions,
  type DeviceKind,
  invalid,
  unsupported,
  WireGuardError,
} from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import type { HookContext } from '../interface/interface-config.js'
import { MACHINE, type Machine, type ProgramResult, type Settings } from '../interface/machine.js'
import type { Namespace } from '../interface/namespace.js'
import { MemoryNetwork } from './memory-network.js'
import { MemoryNft } from './memory-nft.js'
import { failed } from './memory-table.js'

/** A link that a test adds beside those of devices, such as the one that leads to the rest of the world. */
export interface MemoryLink {
  name: string
  /** Bytes. Absent: 1500. */
  mtu?: number | undefined
  /** With prefix length. */
  addresses?: readonly string[] | undefined
  /** Where the default routes lead, an address of IPv4 and one of IPv6. Absent: nowhere. */
  gateways?: readonly string[] | undefined
}

/** A route by a link. */
export interface MemoryRoute {
  /** The name of the link. */
  link: string
  /** CIDR. */
  destination: string
  /** Absent: the main table. */
  table?: number | undefined
  gateway?: string | undefined
  /** The source address that it prefers. */
  source?: string | undefined
  priority?: number | undefined
}

/** What a machine in memory has become. */
export interface MemoryState {
  readonly links: readonly { name: string; kind?: string; mtu: number; up: boolean }[]
  /** By link, with prefix length, in the kernel's order. */
  readonly addresses: Readonly<Record<string, readonly string[]>>
  readonly routes: readonly { destination: string; table: number; link?: string }[]
  readonly rules: readonly string[]
  /** As `nft list ruleset` shows it. */
  readonly firewall: string
  /** By interface, what resolvconf was given. */
  readonly nameServers: Readonly<Record<string, string>>
  /** Of the kernel, by path below /proc/sys. */
  readonly settings: Readonly<Record<string, string>>
}

const DEFAULT_MTU = 1500
/** What WireGuard's links have before somebody gives them another. */
const DEVICE_MTU = 1420

const SETTINGS: readonly [string, string][] = [
  ['net/ipv4/conf/all/src_valid_mark', '0'],
  ['net/ipv4/ip_forward', '0'],
  ['net/ipv6/conf/all/forwarding', '0'],
]

/**
 * A machine without a system below it: a {@link MemoryBackend} whose devices are network interfaces, with links,
 * addresses, routes, rules, name servers, settings and nft beside them. `up`, `down`, `reconcile` and `ensure` of a
 * program under test work on it as they do on Linux, on any system and without rights; what has no stand-in is refused
 * with `EUNSUPPORTED`, and nothing ever reaches the machine that the test runs on.
 *
 * @example
 * ```ts
 * const machine = new MemoryMachine()
 * await machine.addLink({ name: 'eth0', addresses: ['192.0.2.2/24'], gateways: ['192.0.2.1'] })
 * await using wg = await open({ backends: [machine] })
 * await wg.up(config)
 * expect((await machine.state()).addresses).toEqual({ wg0: ['10.8.0.1/24'] })
 * ```
 */
export class MemoryMachine extends MemoryBackend {
  override readonly capabilities: Capabilities
  /** Programs that are installed. One that is removed is missing, as on a machine without it. */
  readonly programs: Set<string> = new Set(['nft', 'resolvconf'])
  /** Whether the kernel has nf_tables. */
  hasNfTables = true
  /** Addresses by host name: no other name resolves. */
  readonly hosts: Map<string, readonly string[]> = new Map()
  /** Numbers of routing tables by name, beside those that every system has. */
  readonly tables: Map<string, number> = new Map()
  /** The lines of hooks in the order in which they would have been run: none is. */
  readonly hookLines: { readonly name: string; readonly line: string }[] = []
  readonly #network: MemoryNetwork
  readonly #nft = new MemoryNft()
  readonly #nameServers = new Map<string, string>()
  readonly #settings = new Map(SETTINGS)
  readonly #locks = new Map<string, Promise<void>>()

  constructor(kind: DeviceKind = 'linux-kernel') {
    super(kind)
    this.capabilities = { ...new MemoryBackend().capabilities, links: true }
    this.#network = new MemoryNetwork((name) => this.devices.delete(name))
  }

  /** Adds a link that is switched on. @throws {WireGuardError} `EEXIST`, `EINVAL` */
  async addLink({
    name,
    mtu = DEFAULT_MTU,
    addresses = [],
    gateways = [],
  }: MemoryLink): Promise<void> {
    const network = this.#network
    network.addLink({ name, mtu, up: true })
    const { index } = await network.link(name)
    for (const address of addresses) await network.addAddress({ index, address })
    for (const gateway of gateways) {
      const destination = gateway.includes(':') ? '::/0' : '0.0.0.0/0'
      await network.addRoute({ destination, gateway, link: index })
    }
  }

  /** Adds a route by a link. @throws {WireGuardError} `ENODEV`, `EEXIST` */
  async addRoute({ link, ...route }: MemoryRoute): Promise<void> {
    const { index } = await this.#network.link(link)
    await this.#network.addRoute({ ...route, link: index })
  }

  /** All that is there beside the devices, as plain data. */
  async state(): Promise<MemoryState> {
    const network = this.#network
    const links = await network.links()
    const nameOf = new Map(links.map(({ index, name }) => [index, name]))
    const addresses: Record<string, string[]> = {}
    for (const { index, address, prefixLength } of await network.addresses()) {
      const name = nameOf.get(index) ?? ''
      addresses[name] = [...(addresses[name] ?? []), `${address}/${prefixLength}`]
    }
    const routes = await network.routes()
    return {
      links: links.map(({ name, kind, mtu = 0, up }) => ({
        ...{ name, mtu, up },
        ...(kind !== undefined && { kind }),
      })),
      addresses,
      routes: routes.map(({ destination, table, link }) => ({
        ...{ destination, table },
        ...(link !== undefined && { link: nameOf.get(link) ?? '' }),
      })),
      rules: (await network.rules()).map(
        ({ family, priority = 0, table, invert, firewallMark, suppressPrefixLength }) =>
          [
            `IPv${family} ${priority}:`,
            ...(firewallMark === undefined ? [] : [`${invert ? 'not ' : ''}mark ${firewallMark}`]),
            `table ${table}`,
            ...(suppressPrefixLength === undefined ? [] : [`suppress ${suppressPrefixLength}`]),
          ].join(' '),
      ),
      firewall: this.#nft.text,
      nameServers: Object.fromEntries(this.#nameServers),
      settings: Object.fromEntries(this.#settings),
    }
  }

  override async create(name: string, options?: CreateOptions): Promise<void> {
    const { mtu = DEVICE_MTU, netns, ...rest } = options ?? {}
    refuseNamespace(netns)
    const isTaken = (await this.#network.links()).some((link) => link.name === name)
    if (isTaken) throw new WireGuardError(`there is an interface ${name}`, { code: 'EEXIST' })
    await super.create(name, rest)
    const kind = this.kind === 'linux-kernel' ? 'wireguard' : 'tun'
    this.#network.addLink({ name, kind, mtu })
  }

  override async delete(
    name: string,
    options?: Parameters<MemoryBackend['delete']>[1],
  ): Promise<void> {
    await super.delete(name, options)
    this.#network.removeLink(name)
  }

  /** What `open` finds. @internal */
  get [MACHINE](): Machine {
    return this.#machine
  }

  readonly #machine: Machine = {
    openRtnl: async (netns) => {
      refuseNamespace(netns)
      return this.#network
    },
    nfTables: async (netns) => {
      refuseNamespace(netns)
      return this.hasNfTables ? this.#nft : undefined
    },
    legacyTables: async () => [],
    resolved: async () => 'absent',
    holdLock: (subject, { signal }) => this.#hold(subject, signal),
    findProgram: async (command) => (this.programs.has(command) ? command : undefined),
    tryProgram: async (path, args, { input = '' }) => this.#run(path, args, input),
    runHookLine: async (line, { name }: HookContext) => {
      this.hookLines.push({ name, line: line.replaceAll('%i', name) })
    },
    tableNumber: async (name) => this.#tableNumber(name),
    readText: async () => undefined,
    lookUp: async (host) => this.#lookUp(host),
    settings: this.#settingsOf(),
  }

  #run(program: string, args: readonly string[], input: string): ProgramResult {
    if (program === 'nft') return this.#nft.run(args, input)
    if (program === 'resolvconf') return this.#resolvconf(args, input)
    throw unsupported(program, `there is no ${program} in memory`)
  }

  #resolvconf([verb, name = '']: readonly string[], input: string): ProgramResult {
    if (verb === '-a') this.#nameServers.set(name, input)
    else if (verb === '-d') this.#nameServers.delete(name)
    else if (verb !== '-l') throw unsupported('resolvconf', `resolvconf ${verb} is not in memory`)
    return { status: 0, output: this.#nameServers.get(name) ?? '', complaint: '' }
  }

  #tableNumber(name: string): number {
    const number = this.tables.get(name) ?? new Map(BUILT_IN_TABLES).get(name)
    if (number !== undefined) return number
    throw invalid('table', `no routing table is named ${JSON.stringify(name)}`)
  }

  #lookUp(host: string): { address: string }[] {
    const addresses = this.hosts.get(host)
    if (addresses) return addresses.map((address) => ({ address }))
    throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
  }

  async #hold(subject: string, signal: AbortSignal): Promise<Disposable> {
    for (let held = this.#locks.get(subject); held; held = this.#locks.get(subject)) {
      await abortable(held, signal).catch((error: unknown) => {
        const isLate = error instanceof WireGuardError && error.code === 'ETIMEDOUT'
        throw isLate ? failed('EBUSY', `somebody is at work on ${subject}`) : error
      })
    }
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#locks.set(subject, held)
    return {
      [Symbol.dispose]: () => {
        this.#locks.delete(subject)
        release()
      },
    }
  }

  #settingsOf(): Settings {
    return {
      read: async (path) => this.#settings.get(path),
      write: async (path, value) => void this.#settings.set(path, value),
      list: async () => [],
    }
  }
}

const BUILT_IN_TABLES: readonly [string, number][] = [
  ['default', 253],
  ['main', 254],
  ['local', 255],
]

function refuseNamespace(netns: Namespace | undefined): void {
  if (netns === undefined) return
  throw unsupported('netns', 'a machine in memory has one network namespace')
}
