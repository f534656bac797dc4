import { containsNetwork, nextAddress, parseCidr, peerConfigs } from 'wgctrl'
import { changeTunnel, readDocument, writeDocument } from './database.mjs'
import { Refusal } from './refusal.mjs'

/**
 * @typedef {object} Settings
 * @property {string} endpoint where clients reach the server: a host, or host:port. Empty: not known yet
 * @property {number} listenPort
 * @property {string[]} networks of which each client has one address each; the server has the first
 * @property {boolean} nat whether clients reach what this machine reaches
 * @property {string} natLink by which link; empty: by any
 * @property {boolean} betweenClients whether they reach one another
 * @property {string[]} dns name servers of the clients
 * @property {string[]} allowedIPs what clients send through the tunnel
 * @property {number} persistentKeepalive seconds; of the clients
 */

/** @type {Settings} */
const DEFAULTS = {
  endpoint: '',
  listenPort: 51820,
  networks: ['10.8.0.0/24'],
  nat: true,
  natLink: '',
  betweenClients: false,
  dns: [],
  allowedIPs: ['0.0.0.0/0', '::/0'],
  persistentKeepalive: 25,
}

/** What the administrator has set. */
export class SettingsStore {
  #database

  /** @param {import('./database.mjs').Connection} database */
  constructor(database) {
    this.#database = database
  }

  /** @returns {Settings} */
  get() {
    return { ...DEFAULTS, ...readDocument(this.#database, 'settings') }
  }

  /**
   * @param {Settings} settings checked by {@link checkSettings}
   * @param {() => string[]} addresses that clients have
   */
  set(settings, addresses) {
    changeTunnel(this.#database, () => {
      for (const address of addresses()) {
        if (settings.networks.some((network) => containsNetwork(network, address))) continue
        throw new Refusal(409, `A client has ${address}, which is in none of them.`, 'networks')
      }
      writeDocument(this.#database, 'settings', settings)
    })
  }
}

/**
 * The server's own addresses: the first of each network.
 *
 * @param {Settings} settings
 */
export function serverAddresses({ networks }) {
  return networks.map((network) => {
    const host = nextAddress(network, [])
    if (host === undefined) throw new Refusal(400, `${network} has no address.`, 'networks')
    return { host, cidr: `${host}/${parseCidr(network).prefixLength}` }
  })
}

/**
 * The server's interface, but for its peers.
 *
 * @param {Settings} settings
 * @param {{ name: string, key: import('wgctrl').SecretKey }} server
 * @returns {import('wgctrl').InterfaceConfig}
 */
export function serverInterface(settings, { name, key }) {
  const { listenPort, nat, natLink, betweenClients } = settings
  return {
    name,
    privateKey: key,
    listenPort,
    addresses: serverAddresses(settings).map(({ cidr }) => cidr),
    ...(nat && { nat: natLink === '' ? {} : { to: natLink } }),
    betweenClients,
  }
}

/**
 * What is particular to one client.
 *
 * @param {Settings} settings
 * @param {string[]} addresses
 * @returns {import('wgctrl').ClientSide}
 */
export function clientSide({ endpoint, dns, allowedIPs, persistentKeepalive }, addresses) {
  return { addresses, endpoint, dns: { servers: dns }, allowedIPs, persistentKeepalive }
}

/**
 * Tries what will be made of them: the library says which field it refuses, and why.
 *
 * @param {import('wgctrl').WireGuardClient} wg
 * @param {{ name: string, key: import('wgctrl').SecretKey }} server
 * @param {Record<string, unknown>} given
 * @returns {Promise<Settings>}
 */
export async function checkSettings(wg, server, given) {
  const settings = ofKind(given)
  if (settings.networks.length === 0) throw new Refusal(400, 'One network at least.', 'networks')
  const config = serverInterface(settings, server)
  for (const { message, path } of await wg.check(config)) {
    throw new Refusal(400, message, path?.startsWith('nat') ? 'natLink' : path)
  }
  const hosts = serverAddresses(settings).map(({ host }) => host)
  peerConfigs(config, clientSide(settings, hosts)).wipe()
  return settings
}

/**
 * A page can send anything: what is no setting, or of another kind, goes no further.
 *
 * @param {Record<string, unknown>} given
 * @returns {Settings}
 */
function ofKind(given) {
  const entries = Object.entries(DEFAULTS).map(([name, example]) => {
    const value = given[name]
    const fits = Array.isArray(example)
      ? Array.isArray(value) && value.every((one) => typeof one === 'string')
      : typeof value === typeof example
    if (!fits) throw new Refusal(400, `${name}: this is none.`, name)
    return [name, value]
  })
  return Object.fromEntries(entries)
}
