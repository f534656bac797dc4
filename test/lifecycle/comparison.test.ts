import { cases } from './cases.js'
import { compareSides } from './comparison.js'
import { chosenBackend } from './sides.js'

compareSides(await chosenBackend(), cases)
