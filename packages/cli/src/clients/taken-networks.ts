import {
  type ConfigFile,
  formatConfig,
  parseCidr,
  type WireGuardClient,
  WireGuardError,
} from 'wgctrl'

/** The allowed IPs of a peer, and what to call it. */
export interface Owner {
  readonly name: string
  readonly networks: readonly string[]
}

/** Who has which networks of a server: those in its file, and those in the device alone. */
export async function owners(
  wg: WireGuardClient,
  name: string,
  file: ConfigFile,
): Promise<Owner[]> {
  const written = file.peers.map((peer) => ({
    name: peer.name ?? peer.publicKey,
    networks: peer.allowedIPs,
  }))
  const peers = await peersOf(wg, name)
  const others = peers.filter(({ publicKey }) => !file.peer(publicKey))
  return [
    ...written,
    ...others.map(({ publicKey, allowedIPs }) => ({
      name: `${publicKey}, which is in the device alone,`,
      networks: allowedIPs,
    })),
  ]
}

async function peersOf(wg: WireGuardClient, name: string) {
  try {
    return (await wg.device(name, { secrets: false })).peers
  } catch (error) {
    if (error instanceof WireGuardError && error.code === 'ENODEV') return []
    throw error
  }
}

/** The networks of clients that were commented out: who does that means to let them in again. */
export function disabledNetworks(file: ConfigFile): string[] {
  const lines = formatConfig(file).matchAll(/^[ \t]*#.*?\bAllowedIPs[ \t]*=([^#\n]*)/gim)
  return Array.from(lines, ([, value = '']) => value.split(','))
    .flat()
    .map((text) => text.trim())
    .filter(isNetwork)
}

function isNetwork(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch {
    return false
  }
}
