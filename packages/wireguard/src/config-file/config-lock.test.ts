import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { holdConfigFile } from './config-lock.js'

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-lock-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'wg0.conf')
  await writeFile(path, '')
  return path
}

describe.runIf(process.platform === 'linux')('holdConfigFile', () => {
  it('lets one caller at a time have a file, by whatever name, and others in the meantime', async () => {
    const path = await newFile()
    const link = `${path}-link`
    await symlink(path, link)
    const held = await holdConfigFile(path)
    await expect(holdConfigFile(link, { timeout: 50 })).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringContaining(`process ${process.pid} is at work on ${path}`),
    })
    using other = await holdConfigFile(await newFile(), { timeout: 60_000 })
    expect(other).toBeDefined()
    const next = holdConfigFile(link)
    held[Symbol.dispose]()
    ;(await next)[Symbol.dispose]()
  })

  it('takes a file that is not there yet, and a path of any length', async () => {
    const path = `${await newFile()}-${'x'.repeat(200)}`
    using _ = await holdConfigFile(path)
    await expect(holdConfigFile(path, { timeout: 50 })).rejects.toMatchObject({ code: 'EBUSY' })
  })

  it('ends its wait by a signal, and refuses what is no path or option', async () => {
    const path = await newFile()
    using _ = await holdConfigFile(path)
    const signal = AbortSignal.timeout(50)
    await expect(holdConfigFile(path, { signal })).rejects.toMatchObject({ name: 'AbortError' })
    await expect(holdConfigFile(7 as never)).rejects.toMatchObject({ path: 'path' })
    const unknown = { wait: 1 } as never
    await expect(holdConfigFile(path, unknown)).rejects.toMatchObject({ path: 'options.wait' })
  })
})
