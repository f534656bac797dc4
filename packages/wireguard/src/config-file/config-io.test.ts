import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WireGuardError } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfigFile, writeConfigFile } from './config-io.js'
import { formatConfig, parseConfig } from './parse.js'
import { ConfigFileError } from './problem.js'
import { key } from './testing/config-text.js'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wgctrl-config-'))
  path = join(directory, 'wg0.conf')
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

const file = parseConfig(`[Interface]\nPrivateKey = ${key(1)}\n`)
const modeOf = async (name: string) => (await stat(name)).mode & 0o7777

describe('writeConfigFile', () => {
  it('makes a file for its owner alone, and leaves nothing else behind', async () => {
    const mask = process.umask(0)
    await writeConfigFile(path, file).finally(() => process.umask(mask))
    expect(await readFile(path, 'utf8')).toBe(formatConfig(file))
    expect(await modeOf(path)).toBe(0o600)
    expect(await readdir(directory)).toEqual(['wg0.conf'])
  })

  it('replaces a file that all could read', async () => {
    await writeFile(path, 'old', { mode: 0o644 })
    await chmod(path, 0o644)
    await writeConfigFile(path, file)
    expect(await modeOf(path)).toBe(0o600)
    expect(await readFile(path, 'utf8')).toBe(formatConfig(file))
  })

  it('never changes the old file itself: who has it open sees it whole', async () => {
    await writeFile(path, 'old')
    const before = await stat(path)
    await writeConfigFile(path, file)
    expect((await stat(path)).ino).not.toBe(before.ino)
  })

  it('writes through a symbolic link', async () => {
    await mkdir(join(directory, 'real'))
    const target = join(directory, 'real', 'a.conf')
    await writeFile(target, 'old')
    await symlink(target, path)
    await writeConfigFile(path, file)
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    expect(await readFile(target, 'utf8')).toBe(formatConfig(file))
  })

  it.runIf(process.getuid?.() === 0)('keeps the owner of a file', async () => {
    await writeFile(path, 'old')
    await chown(path, 12345, 54321)
    await writeConfigFile(path, file)
    expect(await stat(path)).toMatchObject({ uid: 12345, gid: 54321 })
    expect(await modeOf(path)).toBe(0o600)
  })

  it('leaves the old file and no other when it fails', async () => {
    await mkdir(path)
    await writeFile(join(path, 'x'), '')
    await expect(writeConfigFile(path, file)).rejects.toThrow(WireGuardError)
    expect(await readdir(directory)).toEqual(['wg0.conf'])
    await expect(writeConfigFile(join(directory, 'no', 'wg0.conf'), file)).rejects.toMatchObject({
      code: 'ENOENT',
      operation: 'writeConfigFile',
    })
  })
})

describe('readConfigFile', () => {
  it('gives back what was written, byte for byte, whatever its encoding', async () => {
    const bytes = Buffer.from('# \xfc\r\n[Interface]\nListenPort = 1', 'latin1')
    await writeFile(path, bytes)
    const read = await readConfigFile(path)
    expect(read.interface.listenPort).toBe(1)
    await writeConfigFile(path, read)
    expect(await readFile(path)).toEqual(bytes)
  })

  it('names the file that is wrong', async () => {
    await writeFile(path, '[Interface]\nListenPort = x\nfoo\n')
    const error = await readConfigFile(path).catch((reason) => reason)
    expect(error).toBeInstanceOf(ConfigFileError)
    expect(error).toMatchObject({ code: 'EINVAL', file: path, line: 2 })
    expect(error.message).toMatch(/wg0\.conf: 2 problems in the config:\n {2}line 2, column 14/)
  })

  it('takes the options of parseConfig', async () => {
    await writeFile(path, '[Interface]\nMTU = 1420\n')
    await expect(readConfigFile(path, { dialect: 'wg' })).rejects.toThrow(/wg0\.conf: line 2/)
  })

  it('says that there is no such file', async () => {
    await expect(readConfigFile(path)).rejects.toMatchObject({
      name: 'WireGuardError',
      code: 'ENOENT',
      operation: 'readConfigFile',
    })
  })
})
