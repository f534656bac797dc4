import { facadeOver } from './harnesses/facade.js'
import { memory } from './harnesses/memory.js'
import { contract } from './suite.js'

contract(facadeOver(memory), { mostPeers: 1000 })
