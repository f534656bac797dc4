import { remoteOver } from './harnesses/facade.js'
import { installedWireguardGo } from './harnesses/wireguard-go.js'
import { contract } from './suite.js'

contract(remoteOver(await installedWireguardGo()), { mostPeers: 1000 })
