export { AddressPool, type AddressPoolOptions, nextAddress } from './address-pool.js'
export { containsNetwork, hostCount, networksOverlap } from './network.js'
