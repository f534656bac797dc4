import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type * as FileSystem from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeConfigFile } from './config-io.js'
import { formatConfig, parseConfig } from './parse.js'

/** What reached the file system, in order; with a limit, the machine loses its power after so many. */
const log = vi.hoisted(() => ({ steps: [] as string[], limit: Number.POSITIVE_INFINITY }))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>()
  const step = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    if (log.steps.length >= log.limit) throw new Error('no power')
    log.steps.push(name)
    return await call()
  }
  const watched = (handle: FileSystem.FileHandle, what: string) =>
    new Proxy(handle, {
      get(target, method: keyof FileSystem.FileHandle) {
        const value = target[method]
        if (typeof value !== 'function') return value
        const call = value.bind(target) as (...given: unknown[]) => Promise<unknown>
        // A descriptor closes with its process, crash or not.
        if (method === 'close') return call
        return (...given: unknown[]) => step(`${what}.${String(method)}`, () => call(...given))
      },
    })
  return {
    ...real,
    open: async (path: string, flags: string, mode?: number) => {
      const what = flags === 'r' ? 'directory' : 'file'
      return watched(await step(`open ${what}`, () => real.open(path, flags, mode)), what)
    },
    rename: (from: string, to: string) => step('rename', () => real.rename(from, to)),
    unlink: (path: string) => step('unlink', () => real.unlink(path)),
  }
})

const OLD = '# the old file\n'
const file = parseConfig(`[Interface]\nListenPort = 1\n${'# long\n'.repeat(1000)}`)
let directory: string
let path: string

beforeEach(() => {
  log.steps = []
  log.limit = Number.POSITIVE_INFINITY
  directory = mkdtempSync(join(tmpdir(), 'wgctrl-crash-'))
  path = join(directory, 'wg0.conf')
  writeFileSync(path, OLD)
})

afterEach(() => rmSync(directory, { recursive: true }))

const steps = [
  'open file',
  'file.stat',
  'file.chmod',
  'file.writeFile',
  'file.sync',
  'rename',
  'open directory',
  'directory.sync',
]

describe('writeConfigFile', () => {
  it('has the new file on the disk before it takes the place of the old', async () => {
    await writeConfigFile(path, file)
    expect(log.steps).toEqual(steps)
  })

  it.each(steps.map((name, at) => [at, name]))('survives a crash at step %i, %s', async (at) => {
    log.limit = Number(at)
    await expect(writeConfigFile(path, file)).rejects.toThrow('no power')
    const isRenamed = Number(at) > steps.indexOf('rename')
    expect(readFileSync(path, 'utf8')).toBe(isRenamed ? formatConfig(file) : OLD)
    const stray = readdirSync(directory).filter((name) => name !== 'wg0.conf')
    expect(stray.every((name) => /^\.wg0\.conf\.[0-9a-f]{12}\.tmp$/.test(name))).toBe(true)
  })
})
