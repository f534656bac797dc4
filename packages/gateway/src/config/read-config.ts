import { WireGuardError } from '@wgctrl/types'
import { readTrusted } from '../files/trusted-text.js'
import { checkGatewayConfig } from './check-config.js'
import type { GatewayConfig } from './gateway-config.js'
import { textOf } from './raw.js'

/**
 * Reads the config file of a gateway, which is JSON.
 *
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` when it is no JSON, or a field is wrong (`path` names it);
 *   `EPERM` when others can write it; `ENOENT`, …
 */
export async function readGatewayConfig(path: string): Promise<GatewayConfig> {
  const { text } = await readTrusted(textOf(path, 'path'))
  return checkGatewayConfig(parseJson(text, path), path)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // Not in the parser's own words, which repeat what stands there: it may be a secret in the wrong place.
    const [, position] = /position (\d+)/.exec((cause as Error).message) ?? []
    if (position === undefined) throw new WireGuardError(`${path} is no JSON`, { code: 'EINVAL' })
    const line = text.slice(0, Number(position)).split('\n').length
    throw new WireGuardError(`${path}, line ${line}: this is no JSON`, { code: 'EINVAL', line })
  }
}
