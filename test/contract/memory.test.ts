import { memory } from './harnesses/memory.js'
import { contract } from './suite.js'

contract(memory)
