/**
 * What a userspace implementation understands. The protocol has no version number: an
 * implementation is known by what it answers.
 */
export interface Profile {
  /** Takes `update_only`. wireguard-go since 0.0.20191012; boringtun never did. */
  readonly updateOnly: boolean
  /** Takes `allowed_ip=-…`. wireguard-go since 0.0.20250522. */
  readonly removesAllowedIPs: boolean
  /**
   * Changes a peer that it has, and keeps the peers of one set apart. boringtun does neither: it panics
   * over a peer that it has already, and remove, endpoint, keepalive and preshared key of one peer leak
   * into the next.
   */
  readonly changesPeers: boolean
}

/** wireguard-go as long as nothing else is known of it. */
export const WIREGUARD_GO: Profile = {
  updateOnly: true,
  removesAllowedIPs: true,
  changesPeers: true,
}

/** @source boringtun 0.7, boringtun/src/device/api.rs and update_peer in device/mod.rs */
export const BORINGTUN: Profile = {
  updateOnly: false,
  removesAllowedIPs: false,
  changesPeers: false,
}
