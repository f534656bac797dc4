import { checkChoice, checkFields, type Fields, invalid } from '@wgctrl/types'
import { NF_INET_HOOK } from '../specs/nftables.js'
import { FAMILY_NUMBERS, type TableChange } from './changes.js'

const REF: Fields = { family: Object.keys(FAMILY_NUMBERS), table: true }

const BASE: Fields = {
  type: ['filter', 'nat', 'route'],
  hook: Object.keys(NF_INET_HOOK),
  priority: true,
}

/** What each change has to say. */
const REQUIRED: Readonly<Record<TableChange['change'], Fields>> = {
  'add-table': REF,
  'delete-table': REF,
  'add-chain': { ...REF, chain: true },
  'add-rule': { ...REF, chain: true, expressions: true },
  'add-set': { ...REF, set: true, id: true, keyType: true, keyLength: true, size: true },
  'add-elements': { ...REF, set: true, id: true, keys: true },
}

/** What it may say beside. */
const OPTIONAL: Readonly<Partial<Record<TableChange['change'], Fields>>> = {
  'add-table': { exclusive: 'boolean' },
  'add-chain': { base: BASE },
  'add-rule': { comment: true },
}

/** @throws {TypeError | RangeError | WireGuardError} `EINVAL`; `path` names the field */
export function checkChange(change: TableChange, path: string): void {
  const kind: unknown = (change as Partial<TableChange> | null)?.change
  checkChoice(kind, `${path}.change`, Object.keys(REQUIRED))
  const required = REQUIRED[change.change]
  checkFields(change, path, { change: true, ...required, ...OPTIONAL[change.change] })
  checkThere(change, path, required)
  if ('base' in change && change.base) checkThere(change.base, `${path}.base`, BASE)
}

/** The same for the table that something is read of. */
export function checkRef(ref: object, required: Fields): void {
  checkFields(ref, 'ref', { ...REF, ...required })
  checkThere(ref, 'ref', required)
}

function checkThere(value: object, path: string, required: Fields): void {
  for (const field of Object.keys(required)) {
    if ((value as Record<string, unknown>)[field] === undefined) {
      throw invalid(`${path}.${field}`, 'is missing')
    }
  }
}
