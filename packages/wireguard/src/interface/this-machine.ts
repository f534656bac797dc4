import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holdLock, Rtnl } from '@wgctrl/netlink'
import { runHookLine } from './hook-line.js'
import { kernelTables } from './kernel-tables.js'
import type { Machine } from './machine.js'
import { runInNamespace } from './namespace.js'
import { findProgram, tryProgram } from './program.js'
import { findResolved } from './resolved.js'
import { tableNumber } from './table.js'

const SETTINGS = '/proc/sys'

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  openRtnl: (netns) => Rtnl.open({ netns }),
  nfTables: kernelTables,
  legacyTables: (family, netns) =>
    runInNamespace(netns, () => listLegacyTables(family === 4 ? 'ip' : 'ip6')),
  resolved: findResolved,
  holdLock,
  findProgram,
  tryProgram,
  runHookLine,
  tableNumber,
  readText: (path) => readFile(path, 'utf8').catch(() => undefined),
  settings: {
    read: (path, netns) => runInNamespace(netns, () => readSetting(join(SETTINGS, path))),
    write: (path, value, netns) =>
      runInNamespace(netns, () => writeFileSync(join(SETTINGS, path), value)),
    list: (folder, netns) => runInNamespace(netns, () => readdirSync(join(SETTINGS, folder))),
  },
}

/** @source net/netfilter/x_tables.c: there is no such file as long as nobody has made a table, nor without the old iptables */
function listLegacyTables(family: 'ip' | 'ip6'): string[] | undefined {
  try {
    const names = readFileSync(`/proc/thread-self/net/${family}_tables_names`, 'latin1')
    return names.split('\n').filter((name) => name !== '')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : undefined
  }
}

function readSetting(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
