import { loadLibC } from './socket/ffi.js'
import { insideNamespace, type Namespace } from './socket/namespace.js'

/**
 * Runs `body` with the calling thread in another network namespace. `body` has to be synchronous: what it
 * opens or starts belongs to that namespace, and nothing else of this process runs in between.
 *
 * @throws {WireGuardError} ENOENT when there is no such namespace, EPERM without CAP_SYS_ADMIN
 */
export async function inNamespace<T>(namespace: Namespace, body: () => T): Promise<T> {
  return insideNamespace(await loadLibC(), namespace, body)
}
