import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Program } from '../../cli/program.js'

const program = fileURLToPath(new URL('initiations.py', import.meta.url))

/** A handshake initiation on its way from a client to a gateway. */
export interface Initiation {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly from: string
  readonly to: string
}

/** The initiations that pass through this network. @param net the first two bytes of those who send them */
export async function hearInitiations(net: string): Promise<Initiation[]> {
  const heard: Initiation[] = []
  const python = new Program('python3', ['-u', program, net])
  createInterface(python.child.stdout as NodeJS.ReadableStream).on('line', (line) => {
    const [seconds, from, to] = line.split(' ')
    if (from && to) heard.push({ at: Number(seconds) * 1000, from, to })
  })
  await python.says(/listening/)
  return heard
}
