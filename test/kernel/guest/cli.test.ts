import { cli } from '../../cli/suite.js'
import { kernel } from '../../contract/harnesses/kernel.js'

cli(kernel, { histories: 10, length: 20, files: 40, states: 2 })
