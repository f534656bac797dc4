import { kernel } from '../../contract/harnesses/kernel.js'
import { contract } from '../../contract/suite.js'

// The tier `kernel-long` has more.
contract(kernel, { mostPeers: 1000, manyPeers: 500 })
