import { NetlinkError, Nftables } from '@wgctrl/netlink'
import type { NfTables } from './machine.js'
import type { Namespace } from './namespace.js'
import { foundRules, tableChanges } from './nft-expressions.js'

/** The tables of nf_tables of this kernel, in process; `undefined`: it has none. */
export async function kernelTables(netns: Namespace | undefined): Promise<NfTables | undefined> {
  const use = async <T>(body: (nftables: Nftables) => Promise<T>): Promise<T> => {
    await using nftables = await Nftables.open({ netns })
    return await body(nftables)
  }
  try {
    await use(async () => {})
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    if (error.code === 'EUNSUPPORTED') return undefined
    // Who may not ask may not change anything either, and is told so by the step that needs it.
    if (error.code !== 'EPERM') throw error
  }
  return {
    apply: (changes) => use((nftables) => nftables.apply(tableChanges(changes))),
    findGuard: (ref) =>
      use(async (nftables) => {
        const tables = await nftables.tables()
        const isThere = tables.some((one) => one.family === ref.family && one.table === ref.table)
        return isThere ? foundRules(await nftables.rules(ref)) : undefined
      }),
  }
}
