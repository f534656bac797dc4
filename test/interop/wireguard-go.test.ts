import { installedWireguardGo } from '../contract/harnesses/wireguard-go.js'
import { interop } from './suite.js'

interop(await installedWireguardGo())
