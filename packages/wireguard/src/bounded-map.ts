/** A map that holds a bounded number of entries: the one that was set longest ago goes first. */
export class BoundedMap<K, V> {
  readonly #capacity: number
  readonly #entries = new Map<K, V>()
  /**
   * Stands in front of the oldest entry. An iterator of a Map goes over later entries as well, and
   * starting anew each time would walk over the holes that removed entries leave.
   */
  #cursor: MapIterator<K> | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** Makes the entry the newest. */
  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#capacity) this.shift()
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#cursor = undefined
  }

  keys(): MapIterator<K> {
    return this.#entries.keys()
  }

  /** Takes the oldest entry out; `undefined` when there is none. */
  shift(): V | undefined {
    for (let tries = 0; tries < 2; tries++) {
      this.#cursor ??= this.#entries.keys()
      const { done, value: key } = this.#cursor.next()
      if (!done) {
        const value = this.#entries.get(key)
        this.#entries.delete(key)
        return value
      }
      this.#cursor = undefined
    }
    return undefined
  }

  /** Changes an entry where it stands, or adds one. */
  put(key: K, value: V): void {
    if (this.#entries.has(key)) this.#entries.set(key, value)
    else this.set(key, value)
  }
}
