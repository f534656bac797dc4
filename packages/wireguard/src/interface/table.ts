import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RT_TABLE } from '@wgctrl/netlink'
import { invalid, quoted } from '@wgctrl/types'
import type { CheckedInterface } from './interface-config.js'
import type { Machine } from './machine.js'

/** The administrator's come first: they count. @source ip-route(8); the second since iproute2 6.5 */
const DIRECTORIES = ['/etc/iproute2', '/usr/share/iproute2']

const BUILT_IN: ReadonlyMap<string, number> = new Map([
  ['default', RT_TABLE.default],
  ['main', RT_TABLE.main],
  ['local', RT_TABLE.local],
])

/**
 * The number of a routing table that has a name.
 *
 * @throws {WireGuardError} `EINVAL` for a name that no file knows
 */
export async function tableNumber(table: string): Promise<number> {
  for (const directory of DIRECTORIES) {
    for (const file of await tableFiles(directory)) {
      const number = parseTables(await readText(file)).get(table)
      if (number !== undefined) return number
    }
  }
  const number = BUILT_IN.get(table)
  if (number !== undefined) return number
  throw invalid('table', `no routing table is named ${quoted(table)} in rt_tables`)
}

/** The number of a config's table. @throws {WireGuardError} `EINVAL` for a name that no file knows */
export async function routingTable(
  table: CheckedInterface['table'],
  machine: Machine,
): Promise<'off' | 'auto' | number> {
  const isNamed = typeof table === 'string' && table !== 'off' && table !== 'auto'
  return isNamed ? await machine.tableNumber(table) : table
}

/** Reads lines of a number and a name; `#` begins a comment. Numbers may be hexadecimal. @internal */
export function parseTables(text: string): Map<string, number> {
  const tables = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, number, name] = /^\s*(0x[0-9a-f]+|\d+)\s+([^\s#]+)/i.exec(line) ?? []
    if (number !== undefined && name !== undefined) tables.set(name, Number(number))
  }
  return tables
}

async function tableFiles(directory: string): Promise<string[]> {
  const more = await readdir(join(directory, 'rt_tables.d')).catch(() => [])
  const extensions = more.filter((name) => name.endsWith('.conf')).sort()
  return [
    join(directory, 'rt_tables'),
    ...extensions.map((name) => join(directory, 'rt_tables.d', name)),
  ]
}

const readText = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
