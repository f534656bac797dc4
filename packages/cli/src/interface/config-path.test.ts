import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findConfig } from './config-path.js'

let folder: string
let warnings: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-path-'))
  warnings = []
})

afterEach(() => rm(folder, { recursive: true }))

const find = (word: string) => findConfig(word, (text) => void warnings.push(text))

async function make(name: string, mode = 0o600): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, '')
  await chmod(path, mode)
  return path
}

describe('findConfig', () => {
  it('takes the name of the interface from the file', async () => {
    const path = await make('wg-0_=+.x.conf')
    expect(await find(path)).toEqual({ path, name: 'wg-0_=+.x' })
    expect(warnings).toEqual([])
  })

  it('looks for a bare name in /etc/wireguard alone', async () => {
    expect(await find('wg-none-here')).toBeUndefined()
  })

  it('refuses files that are not there, and names that no interface can have', async () => {
    await expect(find(join(folder, 'none.conf'))).rejects.toThrow('does not exist')
    for (const name of ['wg0.txt', 'sixteen-letters-.conf', 'wg 0.conf', '.conf']) {
      await expect(find(await make(name)), name).rejects.toThrow('is not named for an interface')
    }
  })

  it('warns when everybody can read the keys', async () => {
    const open = await make('wg0.conf', 0o644)
    await find(open)
    expect(warnings, 'in a folder that lets nobody in').toEqual([])
    await chmod(folder, 0o755)
    await find(open)
    expect(warnings).toEqual([`${join(folder, 'wg0.conf')} can be read by everybody`])
  })
})
