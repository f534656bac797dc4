import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'

interface Reports {
  excludeNetwork: boolean
  getReport(): object
}

/** The report that ffi-rs asks for takes long, and looks up the name of every socket's other end. */
describe.runIf(process.platform === 'linux')('loadLibC', () => {
  const report = process.report as unknown as Reports

  afterEach(() => {
    vi.restoreAllMocks()
    report.excludeNetwork = false
  })

  it('has no report made, and leaves reports as they were', async () => {
    const made = vi.spyOn(report, 'getReport')
    const spied = report.getReport
    for (const before of [false, true]) {
      report.excludeNetwork = before
      const libc = await freshLibC()
      expect(libc.socket).toBeTypeOf('function')
      expect(report.excludeNetwork).toBe(before)
      expect(report.getReport).toBe(spied)
    }
    expect(made).not.toHaveBeenCalled()
  })

  it('has a report for whoever else asks meanwhile, without the network', async () => {
    const excluded: boolean[] = []
    const made = vi.spyOn(report, 'getReport').mockImplementation(() => {
      excluded.push(report.excludeNetwork)
      return { mine: true }
    })
    const answers: object[] = []
    // Asks as soon as another answers in its place.
    let current = report.getReport
    Object.defineProperty(report, 'getReport', {
      configurable: true,
      enumerable: true,
      get: () => current,
      set: (next: Reports['getReport']) => {
        if (next !== made) answers.push(next.call(report))
        current = next
      },
    })
    try {
      await freshLibC()
    } finally {
      Object.defineProperty(report, 'getReport', { value: current, writable: true })
    }
    expect(answers).toEqual([{ mine: true }])
    expect(excluded).toEqual([true])
  })

  describe('in a bundle whose import finds no ffi-rs', () => {
    const here = fileURLToPath(import.meta.url)

    it.each([
      ['the program', here, '/nowhere/node'],
      ['the executable', '/nowhere/bundle.mjs', here],
      ['the executable, of a program without a path', undefined, here],
    ])('takes it from beside %s', async (_, program, executable) => {
      const { loadLibC } = await bundled(program, executable)
      const fd = (await loadLibC()).socket(2, 2, 0)
      expect(fd).toBeGreaterThan(2)
      ;(await loadLibC()).close(fd)
    })

    it('says what the import said, and which page helps', async () => {
      const { loadLibC } = await bundled('/nowhere/bundle.mjs', '/nowhere/node')
      await expect(loadLibC()).rejects.toMatchObject({
        code: 'EUNSUPPORTED',
        feature: 'ffi-rs',
        message: expect.stringMatching(/ \(.*mock.*\); .*\/docs\/bundling\.md/),
      })
    })
  })
})

async function freshLibC(): Promise<import('./ffi.js').LibC> {
  vi.resetModules()
  const { loadLibC } = await import('./ffi.js')
  return await loadLibC()
}

/** The module as in a program that was started so, and that lost ffi-rs. */
async function bundled(program: string | undefined, executable: string) {
  const { argv, execPath } = process
  vi.resetModules()
  vi.doMock('ffi-rs', () => {
    throw new Error('No "fs" here')
  })
  // Of NODE_PATH, which has ffi-rs as well, nothing is asked here.
  vi.doMock('node:module', async (original) => {
    const { createRequire, ...others } = await original<typeof import('node:module')>()
    const nowhere = () => {
      throw new Error("Cannot find module 'ffi-rs'")
    }
    const from = (path: string) => (path.startsWith('/nowhere/') ? nowhere : createRequire(path))
    return { ...others, createRequire: from }
  })
  onTestFinished(() => {
    vi.doUnmock('ffi-rs')
    vi.doUnmock('node:module')
    Object.assign(process, { argv, execPath })
  })
  process.argv = [argv[0] ?? '', ...(program === undefined ? [] : [program])]
  process.execPath = executable
  return await import('./ffi.js')
}
