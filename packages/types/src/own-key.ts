import { type CheckedConfig, refuseOwnKey } from './checked-config.js'
import { isZeroKey, type PublicKey, publicKey } from './key.js'

/**
 * Remembers the public key of each device, to refuse it as a peer (both wires would ignore such a
 * peer and report success). A device is asked once; a match is asked anew, since another program
 * may have changed the key in the meantime. The devices' keys are public: nothing here is secret.
 */
export class OwnKeys {
  readonly #known = new Map<string, PublicKey | undefined>()

  /**
   * @param read the device's public key, `undefined` when it has none
   * @throws {WireGuardError} `EINVAL` when a peer of `config` has the key of device `name`
   */
  async refuse(
    name: string,
    config: CheckedConfig,
    read: () => Promise<PublicKey | undefined>,
  ): Promise<void> {
    if (config.privateKey !== undefined || config.peers.every((peer) => peer.remove)) return
    if (this.#known.has(name) && !this.#matches(name, config)) return
    this.#known.set(name, await read())
    const own = this.#known.get(name)
    if (own !== undefined) refuseOwnKey(config.peers, own)
  }

  /** Takes note of a key that was set. */
  learn(name: string, config: CheckedConfig): void {
    const { privateKey } = config
    if (privateKey === undefined) return
    this.#known.set(name, isZeroKey(privateKey) ? undefined : publicKey(privateKey))
  }

  /** Forgets a device that is gone or new. */
  forget(name: string): void {
    this.#known.delete(name)
  }

  #matches(name: string, config: CheckedConfig): boolean {
    const own = this.#known.get(name)
    return config.peers.some((peer) => peer.publicKey === own)
  }
}
