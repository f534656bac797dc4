import { execFile } from 'node:child_process'
import { isIP } from 'node:net'
import { promisify } from 'node:util'

const run = promisify(execFile)

const SCRIPT = `
const host = process.argv.at(-1)
require('node:dns').lookup(host, (error, address) => {
  process.exitCode = error ? 1 : 0
  process.stdout.write(error ? error.code : address)
})`

/**
 * The address of a host to listen on. A name is looked up in a process of its own: getaddrinfo(3) cannot be given
 * up, and this process could not end before it has.
 *
 * @param signal gives the look-up up
 * @throws {Error} in words for the user
 */
export async function addressOf(host: string, signal: AbortSignal): Promise<string> {
  if (isIP(host) > 0) return host
  try {
    return (await run(process.execPath, ['--eval', SCRIPT, '--', host], { signal })).stdout
  } catch (error) {
    const { stdout = '', message } = error as Error & { readonly stdout?: string }
    const reason = stdout || message
    throw new Error(`--listen: cannot look up ${JSON.stringify(host)}: ${reason}`, { cause: error })
  }
}
