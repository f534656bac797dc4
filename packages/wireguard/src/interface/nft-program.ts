import { type FoundTable, parseRuleset } from './found-table.js'
import type { NfTables, Place } from './machine.js'
import { nftText } from './nft-text.js'
import { runProgram } from './program.js'

/** The tables of nf_tables by the program nft; `undefined`: it is not installed. */
export async function programTables(place: Place): Promise<NfTables | undefined> {
  const { machine } = place
  const nft = await machine.findProgram('nft')
  if (nft === undefined) return undefined
  const list = async (...args: string[]): Promise<FoundTable[]> => {
    const { status, output } = await machine.tryProgram(nft, args, place)
    return status === 0 ? parseRuleset(output) : []
  }
  return {
    apply: async (changes) =>
      void (await runProgram(nft, ['-f', '-'], { ...place, input: nftText(changes) })),
    // A kernel without nf_tables, or without such a table: either way there is nothing of ours.
    find: async ({ family, table }) => (await list('list', 'table', family, table))[0],
    list: () => list('-t', 'list', 'ruleset'),
    [Symbol.asyncDispose]: async () => {},
  }
}
