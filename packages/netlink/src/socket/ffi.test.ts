import { afterEach, describe, expect, it, vi } from 'vitest'

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
})

async function freshLibC(): Promise<import('./ffi.js').LibC> {
  vi.resetModules()
  const { loadLibC } = await import('./ffi.js')
  return await loadLibC()
}
