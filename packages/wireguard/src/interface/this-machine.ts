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

function readSetting(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
