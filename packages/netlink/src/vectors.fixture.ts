import { readFileSync } from 'node:fs'

/** One recorded exchange with a real kernel. */
export interface Recording {
  request: Buffer
  replies: Buffer[]
}

/** The recordings of `vectors/linux-6.12.txt` by label. */
export function recordings(): Map<string, Recording> {
  const text = readFileSync(new URL('../vectors/linux-6.12.txt', import.meta.url), 'utf8')
  const found = new Map<string, Recording>()
  for (const block of text.split('\n\n').slice(1)) {
    const lines = block.trim().split('\n')
    const bytes = (mark: string): Buffer[] =>
      lines.filter((line) => line.startsWith(mark)).map((line) => Buffer.from(line.slice(2), 'hex'))
    const [request] = bytes('>')
    if (request === undefined) throw new Error(`no request in ${lines[0]}`)
    found.set((lines[0] ?? '').slice(2), { request, replies: bytes('<') })
  }
  return found
}

export function recording(label: string): Recording {
  const found = recordings().get(label)
  if (found === undefined) throw new Error(`no recording ${label}`)
  return found
}
