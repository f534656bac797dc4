import { boundaries, everyField, keyAlone, many } from '../guest/boundaries.js'

boundaries('bare peers', keyAlone, many)
boundaries('peers with every field', everyField, many)
