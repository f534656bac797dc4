import { SecretKey } from '@wgctrl/types'
import type { Run } from '../command.js'
import { applyConfigs, openClient } from './client.js'
import { withFailures } from './failure.js'
import { type SetSteps, toConfigs } from './set-steps.js'
import { parseSetWords } from './set-words.js'
import { printUsage } from './usage.js'

export const run: Run = async (invocation, io) => {
  const [name, ...words] = invocation.words
  if (name === undefined || words.length === 0) {
    printUsage(invocation, io)
    return 1
  }
  return withFailures(io, async () => {
    const steps = await parseSetWords(words, io, invocation.globals)
    try {
      await using wg = await openClient(invocation, io)
      await applyConfigs(wg, { ...invocation, name }, toConfigs(steps))
    } finally {
      wipeSteps(steps)
    }
  })
}

function wipeSteps({ privateKey, amnezia, peers }: SetSteps): void {
  privateKey?.wipe()
  const protection = amnezia?.headerProtectionKey
  if (protection instanceof SecretKey) protection.wipe()
  for (const { presharedKey } of peers) presharedKey?.wipe()
}
