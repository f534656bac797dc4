import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDownFile } from './down-file.js'

const GOOD = `[Interface]
Table = 7
SaveConfig = true
PreDown = one
PostDown = two
`

describe('readDownFile', () => {
  let folder: string
  let path: string
  let warnings: string[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wgctrl-down-file-'))
    path = join(folder, 'wg0.conf')
    warnings = []
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function read(text: string, mode = 0o600) {
    await writeFile(path, text)
    await chmod(path, mode)
    return readDownFile({ path, name: 'wg0' }, {}, (warning) => warnings.push(warning))
  }

  const hooks = { preUp: [], postUp: [], preDown: ['one'], postDown: ['two'] }

  it('takes what says how an interface is taken down', async () => {
    const config = await read(GOOD)
    expect(config).toMatchObject({ name: 'wg0', table: 7, saveConfig: true, hooks })
    expect(warnings).toEqual([])
  })

  it('warns of mistakes anywhere else, and does not write such a file', async () => {
    const wrong = 'MTU = x\nListenPort\nWhat = 1\n[Peer]\nAllowedIPs = z\n[Nothing]\n'
    const config = await read(`${GOOD}${wrong}`)
    expect(config).toMatchObject({ table: 7, hooks })
    expect(config.saveConfig).toBeUndefined()
    expect(warnings).toHaveLength(7)
    expect(warnings.filter((text) => text.includes('up would refuse it'))).toHaveLength(6)
  })

  it('leaves out the hooks of a file that others can write', async () => {
    const config = await read(GOOD, 0o666)
    expect(config.hooks).toBeUndefined()
    expect(config).toMatchObject({ table: 7 })
    expect(config.saveConfig).toBeUndefined()
    expect(warnings[0]).toMatch(/^no hook is run: .*can be written by others/)
  })

  it('does without a file that cannot be read', async () => {
    const config = await readDownFile({ path: folder, name: 'wg0' }, {}, (text) =>
      warnings.push(text),
    )
    expect(config).toEqual({ name: 'wg0' })
    expect(warnings).toHaveLength(1)
  })
})
