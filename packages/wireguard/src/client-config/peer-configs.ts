import {
  type AmneziaConfig,
  canonicalCidr,
  checkFields,
  checkInterfaceName,
  generatePresharedKey,
  generatePrivateKey,
  InvalidRangeError,
  InvalidTypeError,
  invalid,
  type KeyInput,
  type PeerConfig,
  type PublicKey,
  parseAddress,
  parseEndpoint,
  parsePublicKey,
  publicKey,
  SecretKey,
} from '@wgctrl/types'
import { hostOf, parseInterfaceAddress } from '../interface/address.js'
import {
  checkInterface,
  type DnsConfig,
  type InterfaceConfig,
} from '../interface/interface-config.js'
import { PEER_CONFIGS_CLIENT } from '../option-fields.js'

/** What of a server its clients have to know: an `InterfaceConfig`, or a reading of its device. */
export interface ServerSide {
  readonly privateKey?: KeyInput | null | undefined
  /** Where the private key is not at hand. */
  readonly publicKey?: PublicKey | undefined
  readonly listenPort?: number | undefined
  /** Of AmneziaWG: its clients get the same parameters, the key among them as it is, no copy. */
  readonly amnezia?: AmneziaConfig | undefined
}

/** What is particular to one client. */
export interface ClientSide {
  /** Of the client's interface. Absent: `wg0`. */
  readonly name?: string | undefined
  /** The client's addresses in the tunnel, `10.8.0.2/24`; without prefix length: one host. At least one. */
  readonly addresses: readonly string[]
  /**
   * Where the client reaches the server: `vpn.example.net:51820`, `[2001:db8::1]:51820`, or the host alone, with
   * the server's listen port.
   */
  readonly endpoint: string
  /** Absent: a new one, unless `publicKey` is given. */
  readonly privateKey?: KeyInput | undefined
  /** Of a client that made its private key itself and keeps it: its config has none then. */
  readonly publicKey?: PublicKey | undefined
  /** Absent: a new one; `null`: none. */
  readonly presharedKey?: KeyInput | null | undefined
  /** What the client sends through the tunnel. Absent: everything, `0.0.0.0/0` and `::/0`. */
  readonly allowedIPs?: readonly string[] | undefined
  /** Networks behind the client, which the server reaches through it besides the client's own addresses. */
  readonly networks?: readonly string[] | undefined
  readonly dns?: DnsConfig | undefined
  /** Bytes. */
  readonly mtu?: number | undefined
  /** Seconds; of the client, which is the one behind a NAT. 0 and absent: off. */
  readonly persistentKeepalive?: number | undefined
}

/** Both ends of one tunnel. Its keys are its own: {@link wipe} it when they were written where they belong. */
export interface PeerConfigs extends Disposable {
  /** The client's whole interface: what `up` takes there, and `formatInterfaceConfig` writes. */
  readonly client: InterfaceConfig
  /** The client as a peer of the server: what `configure` takes there, and `addPeer` of a config file. */
  readonly peer: {
    readonly publicKey: PublicKey
    readonly presharedKey?: SecretKey
    readonly allowedIPs: readonly string[]
  }
  /** Wipes the private and the preshared key of both. */
  wipe(): void
}

/**
 * From a server and what is particular to one client: the client's own config, and the server's peer for it.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`
 * @example
 * ```ts
 * using ends = peerConfigs(server, { addresses: ['10.8.0.2/24'], endpoint: 'vpn.example.net' })
 * await wg.configure(server.name, { peers: [ends.peer] })
 * await writeFile('alice.conf', formatInterfaceConfig(ends.client), { mode: 0o600 })
 * ```
 */
export function peerConfigs(server: ServerSide, client: ClientSide): PeerConfigs {
  checkFields(client, 'client', PEER_CONFIGS_CLIENT, '')
  const serverKey = keyOfServer(server)
  const secrets: SecretKey[] = []
  const wipe = (): void => {
    for (const secret of secrets) secret.wipe()
  }
  try {
    const privateKey = privateKeyOf(client)
    if (privateKey) secrets.push(privateKey)
    const presharedKey = presharedKeyOf(client)
    if (presharedKey) secrets.push(presharedKey)
    const clientKey = privateKey
      ? publicKey(privateKey)
      : parsePublicKey(client.publicKey as PublicKey, 'publicKey')
    if (clientKey === serverKey) throw invalid('privateKey', "is the server's own")
    const secret = presharedKey && { presharedKey }
    return {
      client: {
        ...clientInterface(client),
        ...(privateKey && { privateKey }),
        ...(server.amnezia && { amnezia: server.amnezia }),
        peers: [{ ...serverPeer(client, serverKey, server.listenPort), ...secret }],
      },
      peer: { publicKey: clientKey, ...secret, allowedIPs: networksOf(client) },
      wipe,
      [Symbol.dispose]: wipe,
    }
  } catch (error) {
    wipe()
    throw error
  }
}

function clientInterface({ name = 'wg0', addresses, dns, mtu }: ClientSide): InterfaceConfig {
  checkInterfaceName(name, 'name')
  const config = { name, addresses, ...(dns && { dns }), ...(mtu !== undefined && { mtu }) }
  checkInterface(config)
  return config
}

/** The server as the client has it. */
function serverPeer(
  { endpoint, allowedIPs = ['0.0.0.0/0', '::/0'], persistentKeepalive = 0 }: ClientSide,
  serverKey: PublicKey,
  listenPort: number | undefined,
): PeerConfig {
  checkKeepalive(persistentKeepalive)
  return {
    publicKey: serverKey,
    endpoint: endpointOf(endpoint, listenPort),
    allowedIPs: canonical(allowedIPs, 'allowedIPs'),
    ...(persistentKeepalive > 0 && { persistentKeepalive }),
  }
}

/** What the server reaches through the client: its addresses, each one host, and the networks behind it. */
function networksOf({ addresses, networks = [] }: ClientSide): string[] {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw new InvalidTypeError('addresses', 'must be one address or more')
  }
  const hosts = addresses.map((text, at) =>
    hostOf(parseInterfaceAddress(text, `addresses[${at}]`).text),
  )
  return [...new Set([...canonical(hosts, 'addresses'), ...canonical(networks, 'networks')])]
}

function canonical(networks: readonly string[], path: string): string[] {
  if (!Array.isArray(networks)) throw new InvalidTypeError(path, 'must be an array')
  return networks.map((network, at) => canonicalCidr(network, `${path}[${at}]`))
}

function checkKeepalive(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 65535) return
  throw new InvalidRangeError('persistentKeepalive', `must be 0 to 65535 seconds, got ${seconds}`)
}

function keyOfServer(server: ServerSide): PublicKey {
  if (typeof server !== 'object' || server === null) {
    throw new InvalidTypeError('server', "must be an interface's config, or a device that was read")
  }
  const { privateKey, publicKey: known } = server
  if (privateKey !== undefined && privateKey !== null) return publicKey(privateKey)
  if (known !== undefined) return parsePublicKey(known, 'server.publicKey')
  throw invalid('server.publicKey', 'neither a private nor a public key is known of the server')
}

function privateKeyOf({ privateKey, publicKey: known }: ClientSide): SecretKey | undefined {
  if (privateKey !== undefined) return SecretKey.from(privateKey, 'privateKey')
  return known === undefined ? generatePrivateKey() : undefined
}

function presharedKeyOf({ presharedKey }: ClientSide): SecretKey | undefined {
  if (presharedKey === null) return undefined
  if (presharedKey === undefined) return generatePresharedKey()
  return SecretKey.from(presharedKey, 'presharedKey')
}

/** A host alone has the server's port. */
function endpointOf(text: string, listenPort: number | undefined): string {
  if (typeof text !== 'string') throw new InvalidTypeError('endpoint', 'must be a string')
  const host = isIPv6(text) ? `[${text}]` : text
  const hasPort = /:\d+$/.test(text) && host === text
  if (!hasPort && !listenPort) throw invalid('endpoint', 'has no port, nor has the server')
  const endpoint = hasPort ? text : `${host}:${listenPort}`
  parseEndpoint(endpoint, 'endpoint')
  return endpoint
}

const isIPv6 = (text: string): boolean => parseAddress(text)?.family === 6
