import { boundaries, everyField } from '../guest/boundaries.js'

boundaries('peers with every field', everyField)
