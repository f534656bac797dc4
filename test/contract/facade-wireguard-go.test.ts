import { facadeOver } from './harnesses/facade.js'
import { installedWireguardGo } from './harnesses/wireguard-go.js'
import { contract } from './suite.js'

contract(facadeOver(await installedWireguardGo()), { mostPeers: 1000 })
