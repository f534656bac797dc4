import {
  AMNEZIA_FIELDS,
  type AmneziaField,
  type AmneziaParameters,
  type AmneziaValue,
  type CheckedAmnezia,
  isZeroKey,
  numberRange,
  parseRange,
  SecretKey,
  unsupported,
} from '@wgctrl/types'
import { readString, readU16, readU32, writeU32 } from '../codec/bytes.js'
import { AWG_RANGES_VERSION } from '../specs/amneziawg.js'
import type { AmneziaPayloads } from '../wireguard/coalescer.js'
import type { DeviceFields } from '../wireguard/pack.js'

const U32 = 2 ** 32 - 1

/**
 * Parameters from a dump. The payload of the key is zeroed.
 *
 * @param version of the family
 */
export function toAmnezia(payloads: AmneziaPayloads, version: number): AmneziaParameters {
  const entries = AMNEZIA_FIELDS.flatMap((field) => {
    const bytes = payloads[field.name]
    const value = bytes && read(field, bytes, version)
    return value === undefined || value === '' ? [] : [[field.name, value] as const]
  })
  payloads.headerProtectionKey?.fill(0)
  return Object.fromEntries(entries)
}

function read(
  { kind, max }: AmneziaField,
  bytes: Uint8Array,
  version: number,
): SecretKey | number | string | undefined {
  switch (kind) {
    case 'key':
      return SecretKey.at(bytes, 0)
    case 'number':
      return readU16(bytes, 0)
    case 'text':
      return readString(bytes, 0, bytes.length).replace(/[^ -~]/g, '?')
    default:
      return max === U32
        ? readHeader(bytes, version)
        : numberRange(readU16(bytes, 0), readU16(bytes, 2))
  }
}

function readHeader(bytes: Uint8Array, version: number): number | string | undefined {
  if (version >= AWG_RANGES_VERSION) {
    return bytes.length < 8 ? undefined : numberRange(readU32(bytes, 0), readU32(bytes, 4))
  }
  if (version < 2) return bytes.length < 4 ? undefined : readU32(bytes, 0)
  const ends = parseRange(readString(bytes, 0, bytes.length), U32)
  return ends && numberRange(ends.from, ends.to)
}

/**
 * Parameters in the kernel's words.
 *
 * @throws {WireGuardError} `EUNSUPPORTED` with `feature` `amneziawg`
 */
export function amneziaFields(amnezia: CheckedAmnezia, version: number): DeviceFields {
  if (Object.keys(amnezia).length === 0) return {}
  if (version < AWG_RANGES_VERSION) {
    throw refused(
      `version ${version} of the kernel's amneziawg is too old to be configured: 3 is needed`,
    )
  }
  const entries = AMNEZIA_FIELDS.flatMap((field) => {
    const value = amnezia[field.name]
    return value === undefined ? [] : attributeOf(field, value)
  })
  return Object.fromEntries(entries)
}

function attributeOf(field: AmneziaField, value: AmneziaValue): [string, unknown][] {
  const { name, kind } = field
  if (kind === 'flag') {
    if (value === false) return []
    throw refused(`amnezia.${name} is for userspace devices: the kernel has no attribute for it`)
  }
  // Zeros are a key to it, and of no key it has no word.
  if (value instanceof Uint8Array && isZeroKey(value)) {
    throw refused(`amnezia.${name} cannot be taken from a kernel device: make the device anew`)
  }
  if (kind !== 'range') return [[name, value]]
  const { from, to } = parseRange(`${value}`, U32) ?? { from: 0, to: 0 }
  if (field.max !== U32) return [[name, from + to * 2 ** 16]]
  const bytes = new Uint8Array(8)
  writeU32(bytes, 0, from)
  writeU32(bytes, 4, to)
  return [[name, bytes]]
}

const refused = (problem: string) => unsupported('amneziawg', problem)
