import { cli } from '../../cli/suite.js'
import { kernel } from '../../contract/harnesses/kernel.js'

cli(kernel, { seconds: 1500 })
