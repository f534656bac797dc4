import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Bytes that live in this process, once what is dead is gone: the least of three times, since a reading may be under way. */
export async function memory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    collectGarbage()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + external + arrayBuffers)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return least
}
