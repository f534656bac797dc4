import { boundaries, everyField, keyAlone } from './boundaries.js'

boundaries('bare peers', keyAlone)
boundaries('peers with every field', everyField)
