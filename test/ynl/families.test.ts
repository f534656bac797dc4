import { compareWithTheKernelsOwn } from './compare.js'
import { everywhere } from './everywhere.js'

compareWithTheKernelsOwn(everywhere)
