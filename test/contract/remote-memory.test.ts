import { remoteOver } from './harnesses/facade.js'
import { memory } from './harnesses/memory.js'
import { contract } from './suite.js'

contract(remoteOver(memory), { mostPeers: 1000 })
