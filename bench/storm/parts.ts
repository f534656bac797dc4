/** What `parts.mjs` gives to the storm. */
export { Responder } from '../../packages/wireguard/src/handshakes/noise.js'
export { sealInitiation, stampMac1 } from '../../packages/wireguard/src/handshakes/testing/seal.js'
export { installation } from '../../packages/wireguard/src/just-in-time/install.js'
