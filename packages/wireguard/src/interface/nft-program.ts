import { parseNftTable } from './firewall-rules.js'
import type { NfTables, Place } from './machine.js'
import { nftText } from './nft-text.js'
import { runProgram } from './program.js'

/** The tables of nf_tables by the program nft; `undefined`: it is not installed. */
export async function programTables(place: Place): Promise<NfTables | undefined> {
  const { machine } = place
  const nft = await machine.findProgram('nft')
  if (nft === undefined) return undefined
  return {
    apply: async (changes) =>
      void (await runProgram(nft, ['-f', '-'], { ...place, input: nftText(changes) })),
    findGuard: async ({ family, table }) => {
      const args = ['list', 'table', family, table]
      const { status, output } = await machine.tryProgram(nft, args, place)
      // A kernel without nf_tables, or without such a table: either way there is nothing of ours.
      return status === 0 ? parseNftTable(output) : undefined
    },
  }
}
