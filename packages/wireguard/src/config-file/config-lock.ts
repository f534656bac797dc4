import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { holdLock } from '@wgctrl/netlink'
import {
  CALL_OPTIONS,
  type CallOptions,
  checkFields,
  Deadline,
  inContext,
  WireGuardError,
} from '@wgctrl/types'
import { checkFilePath } from './file-path.js'

const NO_LOCK: Disposable = { [Symbol.dispose]() {} }

/**
 * Holds a config file: until the lock is disposed of, no other caller of this, in whichever process of the same user,
 * has it, nor does a command of `wgctrl` that changes the file or applies it. Who reads a file, changes it and writes
 * it, and has a device follow, does all of that inside, so that file and device agree afterwards whoever else is at
 * work. Reading a file needs no lock: it is never half written.
 *
 * Linux only; elsewhere nobody is kept out. It is not reentrant. Who brings an interface up, down or into line while
 * holding its file holds the file first.
 *
 * @param options how long others are waited for
 * @throws {WireGuardError} `EBUSY` when the time is up: it says which process has the file
 * @example
 * ```ts
 * using _ = await holdConfigFile(path)
 * const file = await readConfigFile(path)
 * file.removePeer(publicKey)
 * await writeConfigFile(path, file)
 * await wg.configure('wg0', { peers: [{ publicKey, remove: true }] })
 * ```
 */
export async function holdConfigFile(path: string, options: CallOptions = {}): Promise<Disposable> {
  checkFilePath(path)
  checkFields(options, 'options', CALL_OPTIONS)
  using deadline = new Deadline(options)
  if (process.platform !== 'linux') return NO_LOCK
  try {
    const subject = await realpath(path).catch(() => resolve(path))
    return await holdLock(subject, { isOfMachine: true, signal: deadline.signal })
  } catch (error) {
    const isWithout = error instanceof WireGuardError && error.code === 'EUNSUPPORTED'
    if (isWithout) return NO_LOCK
    throw inContext(error, { operation: 'holdConfigFile' })
  }
}
