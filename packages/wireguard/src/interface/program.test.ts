import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findProgram } from './program.js'

describe('findProgram', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgctrl-program-'))
    vi.stubEnv('PATH', [join(folder, 'a'), '', join(folder, 'b')].join(':'))
    for (const name of ['a', 'b']) mkdirSync(join(folder, name))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  it('finds what can be run: neither a folder nor a file that may not be', async () => {
    mkdirSync(join(folder, 'a', 'wgctrl-test'))
    writeFileSync(join(folder, 'b', 'wgctrl-test'), '')
    expect(await findProgram('wgctrl-test')).toBeUndefined()
    chmodSync(join(folder, 'b', 'wgctrl-test'), 0o755)
    expect(await findProgram('wgctrl-test')).toBe(join(folder, 'b', 'wgctrl-test'))
  })
})
