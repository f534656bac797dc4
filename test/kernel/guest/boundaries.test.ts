import { boundaries, few, keyAlone } from './boundaries.js'

boundaries('bare peers', keyAlone, few)
