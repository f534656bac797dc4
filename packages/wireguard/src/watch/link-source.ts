import { type Namespace, Rtnl, watchLinks } from '@wgctrl/netlink'
import type { LinkSource } from './watch-session.js'

/**
 * The links of a network namespace over rtnetlink. Events begin before the first list, so that nothing
 * falls in between.
 *
 * @throws {NetlinkError} where netlink cannot be had
 */
export async function openLinkSource(netns?: Namespace): Promise<LinkSource> {
  const events = await watchLinks({ netns })
  try {
    const rtnl = await Rtnl.open({ netns })
    return {
      events,
      now: () => rtnl.links({ brief: true }),
      async close() {
        await events.return()
        await rtnl.close()
      },
    }
  } catch (error) {
    await events.return()
    throw error
  }
}
