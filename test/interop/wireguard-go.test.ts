import { wireguardGo } from '../contract/harnesses/wireguard-go.js'
import { interop } from './suite.js'

interop(wireguardGo)
