import { facadeOver } from './harnesses/facade.js'
import { wireguardGo } from './harnesses/wireguard-go.js'
import { contract } from './suite.js'

contract(facadeOver(wireguardGo), { mostPeers: 1000 })
