import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The inputs that are kept, a file each, by target. */
export class Corpus {
  readonly #directory: string

  constructor(target: string) {
    this.#directory = fileURLToPath(new URL(`../corpus/${target}/`, import.meta.url))
  }

  names(): string[] {
    return existsSync(this.#directory) ? readdirSync(this.#directory).sort() : []
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.#directory + name))
  }

  /** @returns the name: `found-…` for an input that broke something */
  add(input: Uint8Array, isFinding = false): string {
    const digest = createHash('sha256').update(input).digest('hex').slice(0, 12)
    const name = isFinding ? `found-${digest}` : digest
    mkdirSync(this.#directory, { recursive: true })
    writeFileSync(this.#directory + name, input)
    return name
  }

  remove(name: string): void {
    rmSync(this.#directory + name)
  }
}
