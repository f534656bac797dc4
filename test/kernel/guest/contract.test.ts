import { kernel } from '../../contract/harnesses/kernel.js'
import { contract } from '../../contract/suite.js'

contract(kernel)
