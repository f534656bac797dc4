import { NETLINK, Rtnl } from '@wgctrl/netlink'
import { WireGuardError } from '@wgctrl/types'
import type { Target } from '../engine/fuzzer.js'
import { framed, fuzzedTransport } from './fuzzed-kernel.js'
import { recordedReplies } from './recordings.js'
import { hold } from './text.js'

/** What a kernel may say of links, addresses, routes and rules. */
export const netlinkRoute: Target = {
  name: 'netlink-route',
  words: [16, 20, 24, 32].map((type) => Uint8Array.of(60, 0, 0, 0, type, 0, 2, 0)),
  seeds: () => recordedReplies().map((reply) => Uint8Array.from(framed(reply))),
  async run(input) {
    await using rtnl = new Rtnl(fuzzedTransport(input, NETLINK.route))
    for (const read of [
      () => rtnl.links(),
      () => rtnl.addresses(),
      () => rtnl.routes(),
      () => rtnl.rules(),
      () => rtnl.link('wg0').then((link) => [link]),
    ] as (() => Promise<object[]>)[]) {
      const found = await read().catch((error: unknown) => {
        if (error instanceof WireGuardError) return []
        throw error
      })
      for (const { attributes: _, ...each } of found as { attributes?: object }[]) {
        const shown = JSON.stringify(each, (_, value) =>
          typeof value === 'bigint' ? `${value}` : value,
        )
        hold(!/undefined|NaN/.test(shown), 'what is read is whole')
      }
    }
  },
}
