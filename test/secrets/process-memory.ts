import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const PIECE = 8n << 20n
const OVERLAP = 4096n

/** What `find` finds in what a process has mapped for writing: heap, stacks, buffers. */
export function searchMemory(pid: number, find: (bytes: Uint8Array) => string[]): string[] {
  const found = new Set<string>()
  const file = openSync(`/proc/${pid}/mem`, 'r')
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
    if (!match) continue
    const [start, end] = [BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`)]
    // Pieces overlap, so that no key is cut in two.
    for (let at = start; at < end; at += PIECE - OVERLAP) {
      const length = Number(end - at < PIECE ? end - at : PIECE)
      const bytes = Buffer.allocUnsafe(length)
      const read = readMemory(file, bytes, at)
      for (const form of find(bytes.subarray(0, read))) found.add(form)
      bytes.fill(0)
    }
  }
  closeSync(file)
  return [...found].sort()
}

/** Pages that were never touched, and guards, cannot be read: there is nothing in them. */
function readMemory(file: number, into: Buffer, at: bigint): number {
  try {
    return readSync(file, into, 0, into.length, at)
  } catch {
    return 0
  }
}
