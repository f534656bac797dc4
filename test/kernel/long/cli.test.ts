import { cli, full } from '../../cli/suite.js'
import { kernel } from '../../contract/harnesses/kernel.js'

// An emulated machine is slow.
cli(kernel, { ...full, seconds: 1500 })
