import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Program } from '../../cli/program.js'

const program = fileURLToPath(new URL('handshakes.py', import.meta.url))

/** A handshake message on its way between a client and a gateway. */
export interface Handshake {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: 'initiation' | 'response'
  readonly from: string
  readonly to: string
}

/** The handshakes that pass through this network. @param net the first two bytes of clients */
export async function hearHandshakes(net: string): Promise<Handshake[]> {
  const heard: Handshake[] = []
  const python = new Program('python3', ['-u', program, net])
  createInterface(python.child.stdout as NodeJS.ReadableStream).on('line', (line) => {
    const [seconds, kind, from, to] = line.split(' ')
    if (!from || !to) return
    heard.push({
      at: Number(seconds) * 1000,
      kind: kind === '1' ? 'initiation' : 'response',
      from,
      to,
    })
  })
  await python.says(/listening/)
  return heard
}
