import type { Outcome } from './wg.js'

/** What a text on standard error tells: one word or phrase for each line, without what the user wrote. */
function meaningOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(lineMeaning)
}

/** Names that cannot be found are told apart by resolvers and their networks alone. */
const NOT_FOUND = /^(Temporary failure in name resolution|Name or service not known)/

function lineMeaning(line: string): string {
  if (NOT_FOUND.test(line)) return 'host not found'
  return line
    .replace(/[:;]?\s*(`|\(hidden\)).*$/s, '')
    .replace(/^(Found trailing character in key file).*$/, '$1')
    .replace(/^(Usage): .*$/, '$1')
    .replace(/^wg(?:ctrl)?: /, '')
}

/** An outcome in a form that can be compared between wg(8) and ours. */
export function comparable({ status, out, err }: Outcome) {
  return { status, out, err: meaningOf(err) }
}
