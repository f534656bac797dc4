import type { DeviceConfig, Endpoint, WireGuardError } from '@wgctrl/types'
import { EndpointResolver, type LookupRetry, type ResolveOptions } from 'wgctrl'
import type { Io } from '../io.js'
import { CommandFailure } from './failure.js'

/**
 * How names in endpoints are looked up: again while no name server answers.
 *
 * @throws {CommandFailure} when WG_ENDPOINT_RESOLUTION_RETRIES is no number
 * @source wireguard-tools, src/config.c: parse_dns_retries
 */
function resolveOptions({ env, stderr }: Io): ResolveOptions {
  return {
    onRetry: (retry) => stderr.write(retryLine(retry)),
    retries: retriesOf(env['WG_ENDPOINT_RESOLUTION_RETRIES']),
  }
}

/** As wg(8) says it. */
export function retryLine({ endpoint, delay, error }: LookupRetry): string {
  const seconds = (delay / 1000).toFixed(2)
  return `${lookupProblem(error)}: \`${endpoint}'. Trying again in ${seconds} seconds...\n`
}

function retriesOf(text = '15'): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  if (/^[\t-\r ]*\+?\d*$/.test(text) && Number(text) < 2 ** 31) return Number(text)
  throw new CommandFailure(`Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${text}'`)
}

/** Why a name was not found, in the words of gai_strerror(3); `undefined` when that is not what failed. */
function lookupProblem(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOTFOUND') return 'Name or service not known'
  return code === 'EAI_AGAIN' ? 'Temporary failure in name resolution' : undefined
}

const never = new AbortController().signal

/**
 * A config with addresses for the names in its endpoints.
 *
 * @throws {CommandFailure} with the first that was not found
 */
export async function lookUpAll(config: DeviceConfig, io: Io): Promise<DeviceConfig> {
  const resolver = new EndpointResolver(resolveOptions(io))
  try {
    return await resolver.resolve(config, never)
  } catch (error) {
    const { path = '', message } = error as WireGuardError
    const [, index] = /^peers\[(\d+)\]/.exec(path) ?? []
    const endpoint = config.peers?.[Number(index)]?.endpoint
    throw new CommandFailure(`${lookupProblem(error) ?? message}: \`${endpoint}'`)
  }
}

const ANY_KEY = new Uint8Array(32)

/**
 * An endpoint with an address for its name.
 *
 * @throws {CommandFailure}
 */
export async function lookUp(endpoint: string, io: Io): Promise<string | Endpoint> {
  const { peers } = await lookUpAll({ peers: [{ publicKey: ANY_KEY, endpoint }] }, io)
  return peers?.[0]?.endpoint ?? endpoint
}
