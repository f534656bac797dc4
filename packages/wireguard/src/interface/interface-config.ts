import {
  checkFields,
  checkInterfaceName,
  type DeviceConfig,
  InvalidRangeError,
  InvalidTypeError,
  invalid,
  quoted,
} from '@wgctrl/types'
import { INTERFACE_FIELDS } from '../option-fields.js'
import { type InterfaceAddress, parseInterfaceAddress } from './address.js'
import { checkList } from './field-list.js'
import { isNameServer, isSearchDomain } from './name-server.js'
import { type CheckedNat, checkNat, type NatConfig } from './nat-config.js'

/** Name servers and search domains that count while the interface is there. */
export interface DnsConfig {
  /** IP addresses; those of IPv6 may have a scope, `fe80::1%wg0`. */
  servers?: readonly string[] | undefined
  /** Domains that short names are looked up in. */
  search?: readonly string[] | undefined
}

/** What a hook is told. */
export interface HookContext {
  /** The name of the interface. */
  readonly name: string
  /** Absent: the interface is in the network namespace of this process. */
  readonly netns?: string | number | undefined
  /** The path of the config file, where `configFile` told it. */
  readonly configFile?: string | undefined
  /** Fires when the call is aborted. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A function of the program, or a line of a config file: lines are run by bash, with `%i` filled in,
 * and only when the caller says `hooks: 'shell'`.
 */
export type Hook = ((context: HookContext) => unknown) | string

/** What happens around `up` and `down`, in the order of the lists. A hook that fails ends the call. */
export interface Hooks {
  /** After the link was made, before anything else. */
  preUp?: readonly Hook[] | undefined
  postUp?: readonly Hook[] | undefined
  /** Before anything is taken down. */
  preDown?: readonly Hook[] | undefined
  postDown?: readonly Hook[] | undefined
}

/** The whole of an interface but for its name: the device, and what wg-quick(8) adds to it. */
export interface InterfaceSettings extends DeviceConfig {
  /** `10.0.0.1/24`, `fd00::1/64`; without prefix length: one host. */
  addresses?: readonly string[] | undefined
  dns?: DnsConfig | undefined
  /** Bytes. Absent: 80 below what the way to the endpoints carries. */
  mtu?: number | undefined
  /**
   * Where the routes for the allowed IPs go: `'off'` nowhere; a number, or a name of
   * `/etc/iproute2/rt_tables`, into that table; `'auto'` or absent into the main table, and a default
   * route into a table of its own, with rules that keep the tunnel's own packets out of it.
   */
  table?: 'off' | 'auto' | number | (string & {}) | undefined
  hooks?: Hooks | undefined
  /**
   * Whether packets of others pass this machine: from the tunnel to other links, from those into the tunnel, and from
   * one client to another. `true` switches forwarding on for the families of the interface (`net.ipv4.ip_forward`,
   * `net.ipv6.conf.all.forwarding`); `false` leaves that to others. Absent: `true` where there is `nat`, else `false`.
   */
  forward?: boolean | undefined
  /** Gives what leaves the tunnel for other links an address that answers find their way to. Absent: nothing does. */
  nat?: NatConfig | undefined
  /** `false`: what comes from one client for another is dropped. Absent: `true`. */
  betweenClients?: boolean | undefined
  /** `down` hands the state of the interface to `save` before it removes it. */
  saveConfig?: boolean | undefined
}

/** A whole interface, as `up` makes it. Plain data but for hooks. */
export interface InterfaceConfig extends InterfaceSettings {
  /** 1 to 15 characters. */
  name: string
}

/** {@link InterfaceSettings} after the check: nothing is missing, nothing is malformed. */
export interface CheckedInterface {
  readonly device: DeviceConfig
  readonly addresses: readonly InterfaceAddress[]
  readonly dns: { readonly servers: readonly string[]; readonly search: readonly string[] }
  readonly mtu: number | undefined
  readonly table: 'off' | 'auto' | number | string
  readonly hooks: { readonly [kind in keyof Hooks]-?: readonly Hook[] }
  readonly forwarding: CheckedForwarding
  readonly saveConfig: boolean
}

/** What an interface does with packets of others. */
export interface CheckedForwarding {
  /** Whether forwarding is switched on. */
  readonly forward: boolean
  readonly nat: CheckedNat | undefined
  readonly betweenClients: boolean
}

const HOOK_KINDS = ['preUp', 'postUp', 'preDown', 'postDown'] as const

/**
 * Checks what is not the device's; the backend checks that part itself.
 *
 * @param name of the interface; absent: not known yet
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field
 */
export function checkInterface(
  settings: InterfaceSettings,
  name: string | undefined = (settings as InterfaceConfig).name,
): CheckedInterface {
  checkFields(settings, 'config', INTERFACE_FIELDS, '')
  const { addresses = [], dns, mtu, table = 'auto', hooks, saveConfig = false, ...rest } = settings
  const { name: _, forward, nat, betweenClients, ...device } = rest as InterfaceConfig
  if (typeof saveConfig !== 'boolean') throw new InvalidTypeError('saveConfig', 'must be a boolean')
  const checked = checkList(addresses, 'addresses').map((text, index) =>
    parseInterfaceAddress(text, `addresses[${index}]`),
  )
  return {
    device,
    addresses: checked,
    dns: checkDns(dns ?? {}),
    mtu: checkMtu(mtu),
    table: checkTable(table),
    hooks: checkHooks(hooks ?? {}),
    forwarding: {
      forward: forward ?? Boolean(nat),
      nat: nat ? checkNat(nat, checked, name) : undefined,
      betweenClients: betweenClients ?? true,
    },
    saveConfig,
  }
}

/** As {@link checkInterface}, with the name. */
export function checkNamedInterface(config: InterfaceConfig): CheckedInterface {
  if (typeof config !== 'object' || config === null) {
    throw new InvalidTypeError('config', 'must be an object')
  }
  checkInterfaceName(config.name)
  return checkInterface(config)
}

function checkDns(dns: DnsConfig): CheckedInterface['dns'] {
  const servers = checkList(dns.servers ?? [], 'dns.servers').map((text, index) => {
    if (typeof text === 'string' && isNameServer(text)) return text
    throw invalid(`dns.servers[${index}]`, `not an IP address: ${quoted(text)}`)
  })
  const search = checkList(dns.search ?? [], 'dns.search').map((text, index) => {
    if (typeof text === 'string' && isSearchDomain(text)) return text
    throw invalid(`dns.search[${index}]`, `not a domain: ${quoted(text)}`)
  })
  return { servers, search }
}

function checkMtu(mtu: number | undefined): number | undefined {
  if (mtu === undefined) return undefined
  if (typeof mtu !== 'number') throw new InvalidTypeError('mtu', 'must be a number')
  if (Number.isInteger(mtu) && mtu > 0 && mtu < 2 ** 31) return mtu
  throw new InvalidRangeError('mtu', `must be 1 to 2147483647 bytes, got ${mtu}`)
}

function checkTable(table: string | number): string | number {
  if (typeof table !== 'number' && typeof table !== 'string') {
    throw new InvalidTypeError('table', 'must be a number or a string')
  }
  if (typeof table === 'string' && !/^(?:\d+|0x[\da-f]+)$/i.test(table)) {
    if (/^[^\s/]+$/.test(table)) return table
    throw invalid('table', `${quoted(table)} is no routing table`)
  }
  const number = Number(table)
  if (Number.isInteger(number) && number > 0 && number < 2 ** 32) return number
  throw new InvalidRangeError('table', `must be 1 to 4294967295, got ${table}`)
}

function checkHooks(hooks: Hooks): CheckedInterface['hooks'] {
  const checked = HOOK_KINDS.map((kind) => {
    const list = checkList(hooks[kind] ?? [], `hooks.${kind}`)
    list.forEach((hook, index) => {
      if (typeof hook === 'function' || typeof hook === 'string') return
      throw new InvalidTypeError(
        `hooks.${kind}[${index}]`,
        'must be a function or a line of a file',
      )
    })
    return [kind, list]
  })
  return Object.fromEntries(checked)
}
