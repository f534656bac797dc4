import type { Hook, InterfaceConfig } from '../../packages/wireguard/src/interface/index.js'

/** The file of wg-quick(8) that says the same as a config; written by hand, to be an independent judge. */
export function configText(config: InterfaceConfig): string {
  const { addresses = [], dns = {}, mtu, table, hooks = {}, saveConfig, peers = [] } = config
  const { privateKey, listenPort, firewallMark } = config
  const lines: string[] = ['[Interface]']
  const add = (key: string, value: unknown): void => {
    if (value !== undefined && value !== null) lines.push(`${key} = ${value}`)
  }
  for (const address of addresses) add('Address', address)
  for (const server of [...(dns.servers ?? []), ...(dns.search ?? [])]) add('DNS', server)
  add('MTU', mtu)
  add('Table', table)
  if (saveConfig) add('SaveConfig', 'true')
  for (const hook of hooks.preUp ?? []) add('PreUp', line(hook))
  for (const hook of hooks.postUp ?? []) add('PostUp', line(hook))
  for (const hook of hooks.preDown ?? []) add('PreDown', line(hook))
  for (const hook of hooks.postDown ?? []) add('PostDown', line(hook))
  add('ListenPort', listenPort)
  if (firewallMark) add('FwMark', `0x${firewallMark.toString(16)}`)
  add('PrivateKey', keyText(privateKey))
  for (const peer of peers) {
    lines.push('', '[Peer]')
    add('PublicKey', peer.publicKey)
    add('PresharedKey', keyText(peer.presharedKey))
    if (peer.allowedIPs?.length) add('AllowedIPs', peer.allowedIPs.join(', '))
    add('Endpoint', endpointText(peer.endpoint))
    add('PersistentKeepalive', peer.persistentKeepalive)
  }
  return `${lines.join('\n')}\n`
}

function line(hook: Hook): string {
  if (typeof hook === 'string') return hook
  throw new Error('a file has no functions')
}

const keyText = (key: InterfaceConfig['privateKey']): unknown =>
  typeof key === 'object' && key !== null && 'toBase64' in key ? key.toBase64() : key

function endpointText(endpoint: unknown): unknown {
  if (typeof endpoint !== 'object' || endpoint === null) return endpoint
  const { address, port } = endpoint as { address: string; port: number }
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
