import { describe, expect, it, vi } from 'vitest'

/** The report that ffi-rs asks for looks up the name of every socket's other end, unless it is told not to. */
describe.runIf(process.platform === 'linux')('loadLibC', () => {
  it('has no report made that looks at the network, and leaves the setting as it was', async () => {
    const report = process.report as unknown as { excludeNetwork: boolean; getReport(): object }
    const excluded: boolean[] = []
    const { getReport } = report
    vi.spyOn(report, 'getReport').mockImplementation(() => {
      excluded.push(report.excludeNetwork)
      return getReport.call(report)
    })
    vi.resetModules()
    for (const before of [false, true]) {
      report.excludeNetwork = before
      const { loadLibC } = await import('./ffi.js')
      await loadLibC()
      expect(report.excludeNetwork).toBe(before)
      vi.resetModules()
    }
    report.excludeNetwork = false
    expect(excluded).not.toEqual([])
    expect(excluded).not.toContain(false)
  })
})
