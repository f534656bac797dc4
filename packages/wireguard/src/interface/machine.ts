import type { holdLock, Rtnl as NetlinkRtnl } from '@wgctrl/netlink'
import type { Family } from '@wgctrl/types'
import type { Lookup } from '../resolve.js'
import type { FoundTable } from './found-table.js'
import type { CheckedInterface, HookContext } from './interface-config.js'
import type { Namespace } from './namespace.js'
import type { NftChange, NftTableRef } from './nft-table.js'

/** Links, addresses, routes and rules: what is used of the kernel's. */
export type Rtnl = AsyncDisposable &
  Pick<
    NetlinkRtnl,
    | 'link'
    | 'links'
    | 'changeLink'
    | 'deleteLink'
    | 'addresses'
    | 'addAddress'
    | 'deleteAddress'
    | 'routes'
    | 'routeTo'
    | 'addRoute'
    | 'deleteRoute'
    | 'rules'
    | 'addRule'
    | 'deleteRule'
    | 'close'
  >

/** The tables of nf_tables in one network namespace, by whatever means: whoever gets it lets go of it. */
export interface NfTables extends AsyncDisposable {
  /** Makes all changes, or none. @throws {WireGuardError} `EEXIST`, `ENOENT`, `EPERM` */
  apply(changes: readonly NftChange[]): Promise<void>
  /** `undefined`: there is no such table. */
  find(ref: NftTableRef): Promise<FoundTable | undefined>
  /** All tables, whoever made them. */
  list(): Promise<FoundTable[]>
}

/** systemd-resolved, without a program. */
export interface Resolved {
  /** Whether `/etc/resolv.conf` is one of its files. */
  readonly isInCharge: boolean
  /**
   * Has it ask these servers for every name, through a link.
   *
   * @param name of the link, which `index` is the number of
   * @throws {WireGuardError} `EINVAL`, `EPERM`, `ENODEV`, `ETIMEDOUT`
   */
  setLink(index: number, dns: CheckedInterface['dns'], name: string): Promise<void>
  /** Has it forget what it was told of a link; a link that is gone is fine. */
  revertLink(index: number): Promise<void>
}

/** Where a program runs, and with what. */
export interface ProgramInput {
  /** What it reads from its standard input; absent: nothing. */
  readonly input?: string | undefined
  /** The network namespace that it runs in; absent: that of this process. */
  readonly netns?: Namespace | undefined
  readonly signal?: AbortSignal | undefined
}

/** The machine, and where on it and for how long something is done. */
export interface Place extends ProgramInput {
  readonly machine: Machine
}

export interface ProgramResult {
  readonly status: number
  readonly output: string
  /** What it wrote to standard error. */
  readonly complaint: string
}

/**
 * All that interfaces are made of beside their devices. What brings them up and down reaches the system through this
 * alone, so that another machine, in memory, can take its place.
 */
export interface Machine {
  openRtnl(netns: Namespace | undefined): Promise<Rtnl>
  /** The kernel's tables, without a program; `undefined`: the kernel has no nf_tables. */
  nfTables(netns: Namespace | undefined): Promise<NfTables | undefined>
  /** The tables that the old iptables has in a namespace; `undefined`: this process may not look. */
  legacyTables(family: Family, netns: Namespace | undefined): Promise<string[] | undefined>
  /** `absent`: it does not run; `elsewhere`: it knows the links of another network namespace. */
  resolved(
    netns: Namespace | undefined,
    signal?: AbortSignal,
  ): Promise<Resolved | 'absent' | 'elsewhere'>
  holdLock: typeof holdLock
  /** Where a program is; `undefined`: nowhere. */
  findProgram(command: string): Promise<string | undefined>
  /** Runs a program without a shell and collects what it says. @throws when it cannot be started */
  tryProgram(path: string, args: readonly string[], input: ProgramInput): Promise<ProgramResult>
  runHookLine(line: string, context: HookContext): Promise<void>
  /** The number of a routing table that a file names. @throws {WireGuardError} `EINVAL` */
  tableNumber(name: string): Promise<number>
  /** A file that somebody else keeps; `undefined`: there is none. */
  readText(path: string): Promise<string | undefined>
  /** The addresses of a host. Absent: name servers are asked. */
  readonly lookUp?: Lookup
  readonly settings: Settings
}

/** The settings of the kernel: files below /proc/sys, named from there on. */
export interface Settings {
  /** Without white space around it; `undefined`: there is no such setting. */
  read(path: string, netns: Namespace | undefined): Promise<string | undefined>
  write(path: string, value: string, netns: Namespace | undefined): Promise<void>
  /** What is in a folder. */
  list(folder: string, netns: Namespace | undefined): Promise<string[]>
}

/** By this a backend, and a client of it, has the machine that its devices are on. Absent: this process' own. */
export const MACHINE: unique symbol = Symbol.for('wgctrl: the machine of a backend')

/** The machine of a backend or client; `undefined`: that of this process. */
export const machineOf = (owner: object): Machine | undefined =>
  (owner as { readonly [MACHINE]?: Machine })[MACHINE]

/** By this a client says that its devices are on a machine that nothing here reaches but its own calls. */
export const ELSEWHERE: unique symbol = Symbol.for('wgctrl: devices of another machine')
