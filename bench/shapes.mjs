/**
 * What a device holds.
 *
 * @typedef {object} Shape
 * @property {number} peers
 * @property {number} allowedIPs of each peer
 */

/** The most peers that a device is given. wireguard-go answers EINVAL to the one behind 65,536. */
export const largest = /** @type {const} */ ({ kernel: 100_000, userspace: 65_536 })

/**
 * @param {'kernel' | 'userspace'} kind
 * @returns {Shape[]}
 */
export const shapesOf = (kind) => [
  { peers: 1, allowedIPs: 2 },
  { peers: 100, allowedIPs: 2 },
  { peers: 1_000, allowedIPs: 2 },
  { peers: 10_000, allowedIPs: 2 },
  { peers: largest[kind], allowedIPs: 2 },
  { peers: 1_000, allowedIPs: 100 },
  { peers: 1, allowedIPs: 5_000 },
]

/** Enough to see that everything runs. @type {Shape[]} */
export const quickShapes = [
  { peers: 1, allowedIPs: 2 },
  { peers: 300, allowedIPs: 2 },
  { peers: 3, allowedIPs: 300 },
]

/** How many peers the device has whose calls are profiled. */
export const profiled = { full: 10_000, quick: 300 }

/** @param {Shape} shape */
export function nameOf({ peers, allowedIPs }) {
  return `${peers.toLocaleString('en')} × ${allowedIPs.toLocaleString('en')}`
}

/**
 * The config of such a device, the same at every run: each peer with a preshared key, an endpoint on
 * loopback, and networks of its own, IPv4 and IPv6 in turn. The device has no private key: with one the
 * kernel multiplies on Curve25519 once for each peer, which hides the cost of everything else.
 *
 * @param {Shape} shape
 */
export function configOf({ peers, allowedIPs }) {
  return {
    replacePeers: true,
    peers: Array.from({ length: peers }, (_, index) => ({
      publicKey: key(2 * index),
      presharedKey: key(2 * index + 1),
      endpoint: `127.0.${(index >> 8) & 255}.${index & 255}:51820`,
      allowedIPs: Array.from({ length: allowedIPs }, (_, at) => network(index * allowedIPs + at)),
    })),
  }
}

/** @param {number} number */
function network(number) {
  const half = number >> 1
  if (number % 2 === 0) return `10.${half >> 16}.${(half >> 8) & 255}.${half & 255}/32`
  return `fd00::1:${(half >> 16).toString(16)}:${(half & 0xffff).toString(16)}/128`
}

/**
 * Bytes without pattern, from a number.
 *
 * @param {number} seed
 */
function key(seed) {
  const bytes = Buffer.alloc(32)
  let state = seed + 0x9e3779b9
  for (let at = 0; at < 32; at += 4) {
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad) + at
    state = Math.imul(state ^ (state >>> 15), 0x735a2d97)
    bytes.writeInt32LE((state ^ (state >>> 15)) | 0, at)
  }
  bytes.writeUInt32LE(seed, 28)
  return bytes.toString('base64')
}

/**
 * The same as a file for `wg setconf`.
 *
 * @param {ReturnType<typeof configOf>} config
 */
export function configFile({ peers }) {
  const sections = peers.map(
    ({ publicKey, presharedKey, endpoint, allowedIPs }) =>
      `[Peer]\nPublicKey = ${publicKey}\nPresharedKey = ${presharedKey}\n` +
      `Endpoint = ${endpoint}\nAllowedIPs = ${allowedIPs.join(', ')}\n`,
  )
  return `[Interface]\n\n${sections.join('\n')}`
}
