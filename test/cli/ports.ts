import { freePort } from '../contract/ports.js'

/**
 * Twin devices cannot have one UDP port: each port of a case stands for another number on each side.
 */
export class PortPairs {
  readonly #pairs: (readonly [number, number])[] = []

  static async make(count: number): Promise<PortPairs> {
    const ports = new PortPairs()
    for (let n = 0; n < count; n++) ports.#pairs.push([await freePort(), await freePort()])
    return ports
  }

  /** A text with `@0`, `@1`, … replaced by the ports of a side. */
  write(text: string, side: 0 | 1): string {
    return text.replace(/@(\d)/g, (_, n) => String(this.#pairs[Number(n)]?.[side]))
  }

  /** What a port of a side stands for; other ports stand for themselves. */
  read(port: number, side: 0 | 1): number | string {
    const at = this.#pairs.findIndex((pair) => pair[side] === port)
    return at < 0 ? port : `@${at}`
  }
}
