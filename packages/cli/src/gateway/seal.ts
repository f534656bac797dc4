import { parsePublicKey } from '@wgctrl/types'
import type { Run } from '../command.js'
import { withWords } from '../session.js'
import { takeKey } from '../wg/key-input.js'
import { loadGateway } from './load-gateway.js'

/** Seals the preshared key on standard input: a line for each gateway. */
export const runSeal: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const { sealPresharedKey } = await loadGateway()
    const [first, ...others] = invocation.words
    const client = parsePublicKey(first as string, 'client')
    const gateways = others.map((gateway) => parsePublicKey(gateway, 'gateway'))
    const key = takeKey(await io.stdin.read())
    if (typeof key === 'string') throw new Error(key)
    try {
      const seals = gateways.map((gateway) => sealPresharedKey(key, { gateway, client }))
      io.stdout.write(`${seals.join('\n')}\n`)
    } finally {
      key.wipe()
    }
    return 0
  })
