/**
 * What there is once in a process, or in one of its worker threads: the copies of a module, in the ES and the
 * CommonJS package or in two versions, share it.
 *
 * @param what its name, with the number of its form: copies that know another form have one of their own
 */
export function ofProcess<T>(what: string, make: () => T): T {
  const shared = globalThis as { [name: symbol]: unknown }
  const name = Symbol.for(`wgctrl: ${what}`)
  shared[name] ??= make()
  return shared[name] as T
}
