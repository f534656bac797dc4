import { installedWireguardGo } from './harnesses/wireguard-go.js'
import { contract } from './suite.js'

contract(await installedWireguardGo())
