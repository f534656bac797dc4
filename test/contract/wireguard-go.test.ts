import { wireguardGo } from './harnesses/wireguard-go.js'
import { contract } from './suite.js'

contract(wireguardGo)
