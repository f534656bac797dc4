import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkTrusted } from './trusted-file.js'

const refusal = (text: string) =>
  expect.objectContaining({ code: 'EPERM', message: expect.stringContaining(text) })

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('checkTrusted', () => {
  const own = process.geteuid?.() ?? 0

  it.each([0o600, 0o644, 0o755, 0o4755])('takes one of ours of mode 0%o', (mode) => {
    expect(() => checkTrusted('f', { mode, uid: own })).not.toThrow()
    expect(() => checkTrusted('f', { mode, uid: 0 })).not.toThrow()
  })

  it.each([0o620, 0o602, 0o666, 0o777, 0o1777])('refuses one of mode 0%o', (mode) => {
    expect(() => checkTrusted('f', { mode, uid: own })).toThrow(refusal("'allow'"))
  })

  it('refuses one of another user, and says whose it is', () => {
    expect(() => checkTrusted('f', { mode: 0o600, uid: 12345 })).toThrow(refusal('user 12345'))
  })

  it('takes a directory that all can add to and nobody can take from', () => {
    expect(() => checkTrusted('d', { mode: 0o1777, uid: 0 }, true)).not.toThrow()
    expect(() => checkTrusted('d', { mode: 0o777, uid: 0 }, true)).toThrow(refusal('mode 0777'))
  })

  it('knows no modes where a process has no user', () => {
    vi.stubGlobal('process', { ...process, geteuid: undefined })
    expect(() => checkTrusted('f', { mode: 0o777, uid: 12345 })).not.toThrow()
  })
})
