import { kernel } from '../../contract/harnesses/kernel.js'
import { interop } from '../../interop/suite.js'

interop(kernel)
