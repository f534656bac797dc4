import { describeInterfaceChange, readConfigFile } from 'wgctrl'
import type { Run } from '../command.js'
import { configFileOf, describedPeers } from '../peer-names/peer-names.js'
import { withInterfaces } from '../session.js'
import { warner } from '../warner.js'
import { findConfig } from './config-path.js'
import { interfaceOf } from './interface-file.js'
import { commonOptions } from './up-down.js'

/** Brings an interface that is up to what its file says now. */
export const runReload: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [word = ''] = invocation.words
    const found = await findConfig(word, warner(invocation, io))
    if (!found) throw new Error(`${configFileOf(word)} does not exist`)
    const file = await readConfigFile(found.path, invocation.globals.trust)
    const { hooks: _, dns, ...settings } = interfaceOf(file, found.name, invocation)
    const { hooks: __, ...options } = commonOptions(invocation, io)
    const dryRun = invocation.options['dryRun'] === true
    const changes = await wg.reconcile(found.name, settings, { ...options, dryRun })
    const peerName = describedPeers(file)
    for (const change of changes) {
      io.stdout.write(`${describeInterfaceChange(change, { peerName })}\n`)
    }
    return 0
  })
