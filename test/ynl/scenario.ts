import type { Change } from './comparison.js'
import type { PlainValues } from './kernel-client.js'

/** What both clients are asked of a family. */
export interface Scenario {
  family: string
  /** Absent: that of the family. */
  name?: string
  /** A kernel without it refuses both clients. */
  mayBeMissing?: boolean
  /** Lines of a shell that make what there is to see, in the namespace. */
  stage?: string[]
  /** Not in a namespace of its own. */
  isGlobal?: boolean
  dumps?: [operation: string, values?: PlainValues][]
  dos?: [operation: string, values?: PlainValues, flags?: string[]][]
  changes?: Change[]
  /** What is heard of these groups, while these lines are run. */
  heard?: { groups: string[]; lines: string[]; count: number }
}
