import type {
  AmneziaConfig,
  DeviceConfig,
  Endpoint,
  PeerConfig,
  PublicKey,
  SecretKey,
} from '@wgctrl/types'

/** What `wg set` asks for: a device's fields, and changes of peers one after the other. */
export interface SetSteps {
  readonly listenPort?: number
  readonly firewallMark?: number
  /** 32 zero bytes clear it. */
  readonly privateKey?: SecretKey
  /** Of AmneziaWG. */
  readonly amnezia?: AmneziaConfig
  readonly peers: readonly PeerStep[]
}

export interface PeerStep {
  readonly publicKey: PublicKey
  readonly remove?: boolean
  /** 32 zero bytes clear it. */
  readonly presharedKey?: SecretKey
  readonly endpoint?: string | Endpoint
  readonly persistentKeepalive?: number
  readonly persistentKeepaliveRange?: string
  readonly replacesNetworks?: boolean
  readonly allowedIPs: NetworkStep[]
}

interface NetworkStep {
  /** Canonical. */
  readonly cidr: string
  readonly remove: boolean
}

/**
 * The same as configs to be applied in order. wg(8) sends contradictions, and the last word counts: a
 * network for two peers, one that is given and taken. The library refuses those in one config, so that
 * each starts another.
 */
export function toConfigs({ peers, ...device }: SetSteps): DeviceConfig[] {
  const runs = new Runs()
  for (const peer of peers) runs.add(peer)
  const [first, ...rest] = runs.configs
  return [{ ...device, ...(first && { peers: first }) }, ...rest.map((each) => ({ peers: each }))]
}

class Runs {
  readonly configs: PeerConfig[][] = []
  /** What the last config does to each network: the peer that it is given to, or taken from. */
  readonly #effects = new Map<string, string>()

  add({ publicKey, remove, allowedIPs, replacesNetworks, ...fields }: PeerStep): void {
    if (remove) {
      this.#push({ publicKey, remove })
      return
    }
    let networks: NetworkStep[] = []
    this.#push({
      publicKey,
      ...fields,
      ...(replacesNetworks && { replaceAllowedIPs: true }),
      allowedIPs: networks,
    })
    for (const network of allowedIPs) {
      if (this.#contradicts(publicKey, network)) {
        this.#effects.clear()
        networks = []
        this.configs.push([{ publicKey, allowedIPs: networks }])
      }
      this.#effects.set(network.cidr, effectOf(publicKey, network))
      networks.push(network)
    }
  }

  #push(peer: PeerConfig): void {
    if (this.configs.length === 0) this.configs.push([])
    this.configs.at(-1)?.push(peer)
  }

  #contradicts(publicKey: PublicKey, network: NetworkStep): boolean {
    const effect = this.#effects.get(network.cidr)
    return effect !== undefined && effect !== effectOf(publicKey, network)
  }
}

const effectOf = (publicKey: PublicKey, { remove }: NetworkStep): string =>
  `${remove ? '-' : '+'}${publicKey}`
