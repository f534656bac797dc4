import { wireguardGo } from '../contract/harnesses/wireguard-go.js'
import { cli } from './suite.js'

cli(wireguardGo)
