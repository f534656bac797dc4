import { readFileSync } from 'node:fs'

/** One recorded exchange with a real kernel. */
export interface Recording {
  request: Buffer
  replies: Buffer[]
  /** What another program made of the replies, as JSON, where it was recorded. */
  shown: unknown
}

/** The recordings of a file in `vectors/` by label. */
export function recordings(file = 'linux-6.12.txt'): Map<string, Recording> {
  const text = readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')
  const found = new Map<string, Recording>()
  for (const block of text.split('\n\n').slice(1)) {
    const lines = block.trim().split('\n')
    const bytes = (mark: string): Buffer[] =>
      lines.filter((line) => line.startsWith(mark)).map((line) => Buffer.from(line.slice(2), 'hex'))
    const [request] = bytes('>')
    if (request === undefined) throw new Error(`no request in ${lines[0]}`)
    const shown = lines.find((line) => line.startsWith('='))?.slice(2)
    found.set((lines[0] ?? '').slice(2), {
      request,
      replies: bytes('<'),
      shown: shown === undefined ? undefined : JSON.parse(shown),
    })
  }
  return found
}

export function recording(label: string, file?: string): Recording {
  const found = recordings(file).get(label)
  if (found === undefined) throw new Error(`no recording ${label}`)
  return found
}
