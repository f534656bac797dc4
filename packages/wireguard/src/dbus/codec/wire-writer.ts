const utf8 = new TextEncoder()

/** Writes values one behind the other in little endian, each at its alignment. @source D-Bus Specification, "Marshaling" */
export class WireWriter {
  readonly #bytes: number[] = []

  align(to: number): this {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0)
    return this
  }

  byte(value: number): this {
    this.#bytes.push(value)
    return this
  }

  bytes(values: Iterable<number>): this {
    for (const value of values) this.#bytes.push(value)
    return this
  }

  uint32(value: number): this {
    this.align(4)
    return this.bytes([value, value >>> 8, value >>> 16, value >>> 24].map((each) => each & 0xff))
  }

  /** Also of an object's path. */
  string(value: string): this {
    const bytes = utf8.encode(value)
    return this.uint32(bytes.length).bytes(bytes).byte(0)
  }

  signature(value: string): this {
    return this.byte(value.length).bytes(utf8.encode(value)).byte(0)
  }

  /** @param alignment of an element: 8 of a struct */
  array<T>(alignment: number, values: Iterable<T>, write: (value: T) => void): this {
    this.uint32(0)
    const place = this.#bytes.length - 4
    // What brings the first element to its place does not count.
    this.align(alignment)
    const start = this.#bytes.length
    for (const value of values) {
      this.align(alignment)
      write(value)
    }
    const length = new WireWriter().uint32(this.#bytes.length - start)
    this.#bytes.splice(place, 4, ...length.#bytes)
    return this
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}
