import { readFileSync, writeFileSync } from 'node:fs'
import { type Namespace, runInNamespace } from './namespace.js'
import type { Undo } from './transaction.js'

/**
 * Packets that come back through the tunnel are checked against the way by which an answer with their
 * mark would leave. @source kernel, Documentation/networking/ip-sysctl.rst, src_valid_mark
 */
const SRC_VALID_MARK = '/proc/sys/net/ipv4/conf/all/src_valid_mark'

/** Switches it on. */
export function validateMarks(netns: Namespace | undefined): Promise<Undo | undefined> {
  return runInNamespace(netns, () => {
    const before = readFileSync(SRC_VALID_MARK, 'latin1')
    if (before.trim() === '1') return undefined
    writeFileSync(SRC_VALID_MARK, '1')
    return () => runInNamespace(netns, () => writeFileSync(SRC_VALID_MARK, before))
  })
}
