/** What a config calls the fields of the kernel's sets. */
const FIELDS: Readonly<Record<string, string>> = {
  'private-key': 'privateKey',
  'listen-port': 'listenPort',
  fwmark: 'firewallMark',
  'public-key': 'publicKey',
  'preshared-key': 'presharedKey',
  endpoint: 'endpoint',
  'persistent-keepalive-interval': 'persistentKeepalive',
}

/** Where a message stands in the whole change. */
export interface MessagePlace {
  /** Position among all peers of the message's first. */
  readonly firstPeer: number
  /** Position among that peer's allowed IPs of the first that this message has. */
  readonly firstAllowedIp: number
}

const ATTRIBUTE =
  /^wgdevice(?:\.peers(?:\[(\d+)\])?)?(?:\.allowedips(?:\[(\d+)\])?)?(?:\.([a-z\d-]+))?$/

/**
 * The field of a config that an attribute of a message came from: `peers[1700].allowedIPs[3]` for
 * `wgdevice.peers[2].allowedips[3].cidr-mask`.
 *
 * @returns `undefined` when it came from no one field
 */
export function configPath(
  attribute: string,
  { firstPeer, firstAllowedIp }: MessagePlace,
): string | undefined {
  const [, peer, network, name = ''] = ATTRIBUTE.exec(attribute) ?? []
  const field = network === undefined ? FIELDS[name] : undefined
  if (peer === undefined) return field
  const parts = [`peers[${firstPeer + Number(peer)}]`]
  const before = Number(peer) === 0 ? firstAllowedIp : 0
  if (network !== undefined) parts.push(`allowedIPs[${before + Number(network)}]`)
  if (field !== undefined) parts.push(field)
  return parts.join('.')
}
