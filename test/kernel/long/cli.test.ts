import { cli, few } from '../../cli/suite.js'
import { kernel } from '../../contract/harnesses/kernel.js'

// Each program takes seconds to start in an emulated machine: with more of them a case takes eleven minutes, and says no more of the
// kernel.
cli(kernel, { ...few, seconds: 1500 })
