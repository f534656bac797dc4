import {
  AMNEZIA_FIELDS,
  type AmneziaConfig,
  type AmneziaField,
  type AmneziaName,
  type AmneziaValue,
  checkText,
  InvalidTypeError,
  type KeyInput,
  type NumberRange,
  numberRange,
  parseRange,
} from '@wgctrl/types'
import { lower } from './space.js'
import { keyText, readKeyText } from './value.js'

const FIELDS: ReadonlyMap<unknown, AmneziaField> = new Map(
  AMNEZIA_FIELDS.map((field) => [field.name, field]),
)

/**
 * The value of a parameter of AmneziaWG as a file, or awg(8), has it. A key stays text: who wants it makes a secret of it.
 *
 * @returns `undefined` when it is none
 * @throws {TypeError} `EINVAL`; `path` names the argument
 */
export function readAmneziaValue(name: AmneziaName, text: string): AmneziaValue | undefined {
  const field = FIELDS.get(name)
  if (!field) throw new InvalidTypeError('name', 'must be a parameter of AmneziaWG, such as jc')
  checkText(text, 'text')
  switch (field.kind) {
    case 'key':
      return readKeyText(text)
    case 'text':
      return /^[ -~]+$/.test(text) ? text : undefined
    case 'flag':
      return readSwitch(text)
    default:
      return readRange(text, field)
  }
}

/** What a file has for a value; `undefined`: its key is not there. */
export function amneziaText(
  { name, kind }: AmneziaField,
  value: AmneziaConfig[keyof AmneziaConfig],
): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (kind === 'key') return keyText(value as KeyInput, `amnezia.${name}`)
  return typeof value === 'boolean' ? switchText(value) : String(value)
}

/** As awg(8) writes it. */
const switchText = (value: boolean): 'on' | 'off' => (value ? 'on' : 'off')

function readRange(text: string, { kind, max }: AmneziaField): NumberRange | undefined {
  const ends = parseRange(text, max)
  if (!ends || (kind === 'number' && ends.from !== ends.to)) return undefined
  return numberRange(ends.from, ends.to)
}

/** What a value must be, for a message. */
export function expectedOf({ kind, max }: AmneziaField): string {
  if (kind === 'number') return `a number from 0 to ${max}`
  if (kind === 'range') return `a number from 0 to ${max}, or two with - between them`
  return kind === 'flag' ? 'on or off' : 'tags such as <b 0xf6ab><r 16>'
}

/** `on`, `off` or a number, of which 0 is off. @source amneziawg-tools, src/config.c: parse_bool */
export function readSwitch(text: string): boolean | undefined {
  const word = lower(text)
  if (word === 'on' || word === 'off') return word === 'on'
  return /^\d+$/.test(text) ? Number(text) !== 0 : undefined
}

/** Two ends that differ. @returns `undefined` for anything else */
export function readKeepaliveRange(text: string): string | undefined {
  const ends = parseRange(text, 65535)
  return ends && ends.from !== ends.to ? `${ends.from}-${ends.to}` : undefined
}
