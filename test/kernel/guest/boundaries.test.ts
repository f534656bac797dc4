import { boundaries, keyAlone } from './boundaries.js'

boundaries('bare peers', keyAlone)
