import { Rtnl } from '@wgctrl/netlink'
import type { Change } from 'wgctrl'
import type { Globals } from '../globals.js'

/**
 * The mark that a change switched off although rules still go by it: whoever made them, with it the device's own
 * packets were kept out of the tunnel, and now they are not.
 */
export async function markThatRulesName(
  changes: readonly Change[],
  { netns }: Pick<Globals, 'netns'>,
): Promise<number | undefined> {
  const change = changes.find(({ kind }) => kind === 'firewall-mark')
  if (change?.kind !== 'firewall-mark' || change.to !== 0) return undefined
  const rtnl = await Rtnl.open({ netns }).catch(() => undefined)
  try {
    const rules = (await rtnl?.rules().catch(() => undefined)) ?? []
    const isNamed = rules.some(({ invert, firewallMark }) => invert && firewallMark === change.from)
    return isNamed ? change.from : undefined
  } finally {
    await rtnl?.close()
  }
}
