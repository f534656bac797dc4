import { facadeOver } from '../../contract/harnesses/facade.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { contract } from '../../contract/suite.js'

contract(facadeOver(kernel))
