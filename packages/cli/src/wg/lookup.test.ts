import { beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeIo } from '../testing.fixture.js'
import { lookUp } from './lookup.js'

vi.mock('node:dns/promises', () => ({ lookup: vi.fn() }))
const { lookup } = (await import('node:dns/promises')) as unknown as {
  lookup: ReturnType<typeof vi.fn>
}

beforeEach(() => {
  vi.useFakeTimers()
  lookup.mockReset()
  return () => vi.useRealTimers()
})

const failsWith = (code: string) => async () => {
  throw Object.assign(new Error(code), { code })
}
const ioWith = (retries?: string) =>
  fakeIo({ env: retries === undefined ? {} : { WG_ENDPOINT_RESOLUTION_RETRIES: retries } })

async function outcome(io: ReturnType<typeof fakeIo>): Promise<unknown> {
  const found = lookUp('host.example:5', io).catch((error: Error) => error.message)
  await vi.runAllTimersAsync()
  return found
}

describe('WG_ENDPOINT_RESOLUTION_RETRIES', () => {
  it.each([
    [undefined, 16],
    ['0', 1],
    ['2', 3],
    [' +3', 4],
    ['', 1],
  ])('%j: a host is looked up %i times', async (retries, times) => {
    lookup.mockImplementation(failsWith('EAI_AGAIN'))
    const io = ioWith(retries)
    expect(await outcome(io)).toBe("Temporary failure in name resolution: `host.example:5'")
    expect(lookup).toHaveBeenCalledTimes(times)
    const [first = '', second = ''] = io.written.err.split('\n')
    if (times === 1) expect(io.written.err).toBe('')
    else
      expect(first).toMatch(/^Temporary failure .*: `host.example:5'. Trying again in 1.00 seconds/)
    if (times > 2) expect(second).toContain('Trying again in 1.20 seconds...')
  })

  it('infinity: until it is found', async () => {
    for (let n = 0; n < 40; n++) lookup.mockImplementationOnce(failsWith('EAI_AGAIN'))
    lookup.mockResolvedValue([{ address: '192.0.2.1' }])
    expect(await outcome(ioWith('infinity'))).toEqual({ address: '192.0.2.1', port: 5, family: 4 })
    expect(lookup).toHaveBeenCalledTimes(41)
  })

  it.each(['x', '-1', '2147483648', '1.5', 'Infinity'])('not %j', async (retries) => {
    const problem = `Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${retries}'`
    expect(await outcome(ioWith(retries))).toBe(problem)
  })
})

it('a host that does not exist is looked up once', async () => {
  lookup.mockImplementation(failsWith('ENOTFOUND'))
  expect(await outcome(ioWith())).toBe("Name or service not known: `host.example:5'")
  expect(lookup).toHaveBeenCalledTimes(1)
})
