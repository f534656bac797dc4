import { AbortError, type DeviceConfig, WireGuardError } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EndpointResolver, hasNames, type Lookup, withPlaceholders } from './resolve.js'

const KEY = Buffer.alloc(32, 1).toString('base64')
const never = new AbortController().signal

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubEnv('WG_ENDPOINT_RESOLUTION_RETRIES', undefined)
})
afterEach(() => {
  expect(vi.getTimerCount(), 'timers left behind').toBe(0)
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

const configOf = (...endpoints: (string | undefined)[]): DeviceConfig => ({
  peers: endpoints.map((endpoint) => ({ publicKey: KEY, ...(endpoint && { endpoint }) })),
})

const systemError = (code: string): Error => Object.assign(new Error(code), { code })

/** Answers from a table, and counts. */
function lookupIn(table: Record<string, string[]>): Lookup & { hosts: string[] } {
  const hosts: string[] = []
  const lookup: Lookup = async (host) => {
    hosts.push(host)
    const addresses = table[host]
    if (!addresses) throw systemError('ENOTFOUND')
    return addresses.map((address) => ({ address }))
  }
  return Object.assign(lookup, { hosts })
}

/** Fails so many times. */
function lookupAfter(failures: number, code = 'EAI_AGAIN'): Lookup & { times: number[] } {
  const times: number[] = []
  const lookup: Lookup = async () => {
    times.push(Date.now())
    if (times.length <= failures) throw systemError(code)
    return [{ address: '127.0.0.1' }]
  }
  return Object.assign(lookup, { times })
}

const failure = (promise: Promise<unknown>): Promise<WireGuardError> =>
  promise.then(
    () => {
      throw new Error('it passed')
    },
    (error) => error,
  )

it('tells of each failure after which a host is looked up again', async () => {
  const onRetry = vi.fn()
  const resolver = new EndpointResolver({ lookup: lookupAfter(2), retries: 2, onRetry })
  const resolved = resolver.resolve(configOf('host.example:5'), never)
  await vi.runAllTimersAsync()
  await resolved
  const error = expect.objectContaining({ code: 'EAI_AGAIN' })
  expect(onRetry.mock.calls).toEqual([
    [{ host: 'host.example', endpoint: 'host.example:5', delay: 1000, error }],
    [{ host: 'host.example', endpoint: 'host.example:5', delay: 1200, error }],
  ])
  onRetry.mockClear()
  const vain = new EndpointResolver({ lookup: lookupAfter(9, 'ENOTFOUND'), onRetry })
  await failure(vain.resolve(configOf('host.example:5'), never))
  expect(onRetry).not.toHaveBeenCalled()
})

describe('a name', () => {
  it('becomes the first address of its host, of either family', async () => {
    const lookup = lookupIn({
      'four.example': ['192.0.2.1', '2001:db8::1'],
      'six.example': ['2001:DB8:0::6', '192.0.2.1'],
      'local.example': ['fe80::1%eth0'],
      '3c.de': ['192.0.2.3'],
      localhost: ['127.0.0.1'],
    })
    const names = ['four.example', 'six.example', 'local.example', '3c.de', 'localhost']
    const config = configOf(...names.map((name, n) => `${name}:${n + 1}`))
    const resolved = await new EndpointResolver({ lookup }).resolve(config, never)
    expect(resolved.peers?.map((peer) => peer.endpoint)).toEqual([
      { address: '192.0.2.1', port: 1, family: 4 },
      { address: '2001:db8::6', port: 2, family: 6 },
      { address: 'fe80::1', port: 3, family: 6, scopeId: 'eth0' },
      { address: '192.0.2.3', port: 4, family: 4 },
      { address: '127.0.0.1', port: 5, family: 4 },
    ])
  })

  it('is looked up once, however many peers have it', async () => {
    const lookup = lookupIn({ 'a.example': ['192.0.2.1'], 'b.example': ['192.0.2.2'] })
    const config = configOf('a.example:1', 'b.example:2', 'a.example:3', undefined, 'b.example:2')
    const resolved = await new EndpointResolver({ lookup }).resolve(config, never)
    expect(lookup.hosts).toEqual(['a.example', 'b.example'])
    const ports = resolved.peers?.map((peer) => (peer.endpoint as { port: number })?.port)
    expect(ports).toEqual([1, 2, 3, undefined, 2])
  })

  it('is looked up beside the others, not after them', async () => {
    const waiting: (() => void)[] = []
    const lookup: Lookup = () =>
      new Promise((resolve) => waiting.push(() => resolve([{ address: '192.0.2.1' }])))
    const resolving = new EndpointResolver({ lookup }).resolve(
      configOf('a.example:1', 'b.example:1'),
      never,
    )
    await vi.waitFor(() => expect(waiting).toHaveLength(2))
    for (const answer of waiting) answer()
    await resolving
  })
})

describe('the config', () => {
  it('that was given is not touched', async () => {
    const config = configOf('a.example:1')
    const before = structuredClone(config)
    const lookup = lookupIn({ 'a.example': ['192.0.2.1'] })
    const resolved = await new EndpointResolver({ lookup }).resolve(config, never)
    expect(config).toEqual(before)
    expect(resolved).not.toBe(config)
  })

  it('without names is given back as it is, and nobody is asked', async () => {
    const lookup = lookupIn({})
    const endpoint = { address: '192.0.2.1', port: 1, family: 4 as const }
    const configs: DeviceConfig[] = [
      {},
      configOf('192.0.2.1:1', '[::1]:2', undefined),
      { peers: [{ publicKey: KEY, endpoint }] },
      configOf('not a name:1', 'a.example', ':1', '999.1.1.1:1', '1.2.3:4', 'a_.-:x'),
      { peers: 7 as never },
      { peers: [null as never, 7 as never] },
      null as never,
    ]
    for (const config of configs) {
      expect(hasNames(config)).toBe(false)
      expect(await new EndpointResolver({ lookup }).resolve(config, never)).toBe(config)
    }
    expect(lookup.hosts).toEqual([])
  })

  it('can be checked with addresses in the place of names', async () => {
    const config = configOf('a.example:7', '[::1]:2')
    expect(hasNames(config)).toBe(true)
    const { peers } = await withPlaceholders(config, '192.0.2.1')
    expect(peers?.map((peer) => peer.endpoint)).toEqual([
      { address: '192.0.2.1', port: 7, family: 4 },
      '[::1]:2',
    ])
    const plain = configOf('[::1]:2', undefined)
    expect(await withPlaceholders(plain, '192.0.2.1')).toBe(plain)
  })

  it('is found among very many peers, and others get a turn meanwhile', async () => {
    const peers = configOf(...Array.from({ length: 12_000 }, () => '192.0.2.1:1')).peers ?? []
    const config = { peers: [...peers, { publicKey: KEY, endpoint: 'last.example:5' }] }
    const lookup = lookupIn({ 'last.example': ['192.0.2.9'] })
    let turns = 0
    vi.useRealTimers()
    const immediate = setImmediate(function count() {
      turns++
    })
    const resolved = await new EndpointResolver({ lookup }).resolve(config, never)
    clearImmediate(immediate)
    vi.useFakeTimers()
    expect(turns).toBe(1)
    expect(resolved.peers?.length).toBe(12_001)
    expect(resolved.peers?.at(-1)?.endpoint).toEqual({ address: '192.0.2.9', port: 5, family: 4 })
    const { path } = await failure(
      new EndpointResolver({ lookup: lookupIn({}) }).resolve(config, never),
    )
    expect(path).toBe('peers[12000].endpoint')
  })
})

describe('a name server that does not answer', () => {
  it('is asked again, a second later and each time a fifth longer', async () => {
    const lookup = lookupAfter(3)
    const resolving = new EndpointResolver({ lookup }).resolve(configOf('a.example:1'), never)
    await vi.advanceTimersByTimeAsync(1000 + 1200 + 1440)
    await resolving
    const [first = 0, ...rest] = lookup.times
    expect(rest.map((time) => time - first)).toEqual([1000, 2200, 3640])
  })

  it('is asked 15 times more, and no longer than 20 seconds apart', async () => {
    for (const [retries, lookups] of [
      [undefined, 16],
      [20, 21],
    ]) {
      const lookup = lookupAfter(100)
      const resolver = new EndpointResolver({ lookup, retries })
      const error = failure(resolver.resolve(configOf(undefined, 'a.example:1'), never))
      await vi.advanceTimersByTimeAsync(300_000)
      expect(await error).toMatchObject({ code: 'EAI_AGAIN', path: 'peers[1].endpoint' })
      expect(lookup.times).toHaveLength(lookups ?? 0)
      const gaps = lookup.times.slice(1).map((time, n) => time - (lookup.times[n] ?? 0))
      expect(Math.max(...gaps)).toBeLessThanOrEqual(20_000)
    }
  })

  it('is asked as often as wg’s variable says', async () => {
    vi.stubEnv('WG_ENDPOINT_RESOLUTION_RETRIES', '2')
    const lookup = lookupAfter(100)
    const error = failure(new EndpointResolver({ lookup }).resolve(configOf('a.example:1'), never))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await error).toMatchObject({ code: 'EAI_AGAIN' })
    expect(lookup.times).toHaveLength(3)

    vi.stubEnv('WG_ENDPOINT_RESOLUTION_RETRIES', 'infinity')
    const patient = lookupAfter(100)
    const resolving = new EndpointResolver({ lookup: patient }).resolve(
      configOf('a.example:1'),
      never,
    )
    await vi.advanceTimersByTimeAsync(20_000 * 101)
    await resolving
    expect(patient.times).toHaveLength(101)

    vi.stubEnv('WG_ENDPOINT_RESOLUTION_RETRIES', 'many')
    const usual = lookupAfter(15)
    const last = new EndpointResolver({ lookup: usual }).resolve(configOf('a.example:1'), never)
    await vi.advanceTimersByTimeAsync(300_000)
    await last
  })

  it('is not waited for when the signal fires', async () => {
    const lookup = lookupAfter(100)
    const abort = new AbortController()
    const error = failure(
      new EndpointResolver({ lookup }).resolve(configOf('a.example:1'), abort.signal),
    )
    await vi.advanceTimersByTimeAsync(500)
    const reason = Object.assign(new Error('aborted'), { code: 'ABORT_ERR' })
    abort.abort(reason)
    expect(await error).toBe(reason)
    await vi.advanceTimersByTimeAsync(300_000)
    expect(lookup.times).toHaveLength(1)
  })

  it('is not waited for when the signal fires in the middle of a question', async () => {
    const abort = new AbortController()
    const lookup: Lookup = () => new Promise(() => {})
    const resolving = new EndpointResolver({ lookup }).resolve(
      configOf('a.example:1'),
      abort.signal,
    )
    const reason = new WireGuardError('late', { code: 'ETIMEDOUT' })
    abort.abort(reason)
    expect(await failure(resolving)).toMatchObject({
      code: 'EAI_AGAIN',
      path: 'peers[0].endpoint',
      message: 'peers[0].endpoint: cannot resolve a.example: no name server answered in time',
      cause: reason,
    })
  })
})

describe('a host that cannot be found', () => {
  it('is named, with the first endpoint that has it', async () => {
    const lookup = lookupIn({ 'a.example': ['192.0.2.1'] })
    const config = configOf('a.example:1', 'b.example:1', 'b.example:2')
    const error = await failure(new EndpointResolver({ lookup }).resolve(config, never))
    expect(error).toMatchObject({ code: 'ENOTFOUND', path: 'peers[1].endpoint' })
    expect(error.message).toContain('b.example')
    expect(lookup.hosts).toEqual(['a.example', 'b.example'])
  })

  it('is not asked for again; nor is one that has no address', async () => {
    const lookup = lookupIn({ 'a.example': [] })
    for (const host of ['a.example', 'b.example']) {
      const error = failure(new EndpointResolver({ lookup }).resolve(configOf(`${host}:1`), never))
      expect(await error).toMatchObject({ code: 'ENOTFOUND' })
    }
    expect(lookup.hosts).toHaveLength(2)
  })

  it('ends the search for the others', async () => {
    let asked = 0
    const lookup: Lookup = async (host) => {
      if (host === 'b.example') throw systemError('ENOTFOUND')
      asked++
      throw systemError('EAI_AGAIN')
    }
    const config = configOf('a.example:1', 'b.example:1')
    const error = failure(new EndpointResolver({ lookup }).resolve(config, never))
    expect(await error).toMatchObject({ code: 'ENOTFOUND', path: 'peers[1].endpoint' })
    await vi.advanceTimersByTimeAsync(300_000)
    expect(asked).toBe(1)
  })

  it('has the code of the system, whatever it is', async () => {
    const lookup = lookupAfter(1, 'EAI_FAIL')
    const error = await failure(
      new EndpointResolver({ lookup }).resolve(configOf('a.example:1'), never),
    )
    expect(error).toMatchObject({ code: 'EAI_FAIL', cause: { code: 'EAI_FAIL' } })
  })
})

describe('resolveSome', () => {
  it('tells of each name without an address once, where it stands first, and asks for each once', async () => {
    const lookup = lookupIn({ 'a.example': ['192.0.2.1'] })
    const config = configOf(
      'b.example:1',
      'a.example:1',
      'b.example:2',
      'a.example:2',
      '192.0.2.9:3',
    )
    const some = await new EndpointResolver({ lookup }).resolveSome(config, never)
    const at = (address: string, port: number) => ({ address, port })
    expect(some.config.peers?.map(({ endpoint }) => endpoint)).toEqual([
      undefined,
      expect.objectContaining(at('192.0.2.1', 1)),
      undefined,
      expect.objectContaining(at('192.0.2.1', 2)),
      '192.0.2.9:3',
    ])
    expect(some.errors).toMatchObject([{ code: 'ENOTFOUND', path: 'peers[0].endpoint' }])
    expect(lookup.hosts.toSorted()).toEqual(['a.example', 'b.example'])
  })

  it('takes an abort for no name’s failure', async () => {
    const reason = new AbortError()
    const lookup = lookupIn({ 'a.example': ['192.0.2.1'] })
    const some = new EndpointResolver({ lookup }).resolveSome(
      configOf('a.example:1'),
      AbortSignal.abort(reason),
    )
    expect(await failure(some)).toBe(reason)
  })
})

it('asks nothing with a signal that has fired', async () => {
  const lookup = lookupIn({ 'a.example': ['192.0.2.1'] })
  const reason = Object.assign(new Error('aborted'), { code: 'ABORT_ERR' })
  const resolving = new EndpointResolver({ lookup }).resolve(
    configOf('a.example:1'),
    AbortSignal.abort(reason),
  )
  expect(await failure(resolving)).toBe(reason)
  expect(lookup.hosts).toEqual([])
})

it('asks the system by default', async () => {
  vi.useRealTimers()
  const resolved = await new EndpointResolver().resolve(configOf('localhost:7'), never)
  const { endpoint } = resolved.peers?.[0] ?? {}
  expect(['127.0.0.1', '::1']).toContain((endpoint as { address: string }).address)
  vi.useFakeTimers()
})

it.each([{ retries: -1 }, { retries: Number.NaN }, { lookup: 7 as never }])(
  'refuses %o',
  (options) => {
    expect(() => new EndpointResolver(options)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: expect.stringContaining('options.resolve') }),
    )
  },
)

describe('onUnresolved', () => {
  const config = configOf('here.example:5', 'gone.example:6', '192.0.2.1:7', 'gone.example:8')
  const lookup = lookupIn({ 'here.example': ['192.0.2.9'] })
  const endpoints = ({ peers = [] }: DeviceConfig) =>
    peers.map(({ endpoint }) => (typeof endpoint === 'object' ? endpoint.address : endpoint))

  it('skip leaves those peers without an endpoint', async () => {
    const resolver = new EndpointResolver({ lookup, onUnresolved: 'skip' })
    const resolved = await resolver.resolve(config, never)
    expect(endpoints(resolved)).toEqual(['192.0.2.9', undefined, '192.0.2.1:7', undefined])
    expect(resolved.peers?.[1]).not.toHaveProperty('endpoint')
  })

  it('as a function is told why, and may end the call', async () => {
    const told: WireGuardError[] = []
    const onUnresolved = (error: WireGuardError) => void told.push(error)
    await new EndpointResolver({ lookup, onUnresolved }).resolve(config, never)
    expect(told).toMatchObject([{ code: 'ENOTFOUND', path: 'peers[1].endpoint' }])
    const strict = new EndpointResolver({
      lookup,
      onUnresolved: () => Promise.reject(new Error('enough')),
    })
    expect(await failure(strict.resolve(config, never))).toMatchObject({ message: 'enough' })
  })

  it('absent and throw fail; what is none of them is refused', async () => {
    for (const onUnresolved of [undefined, 'throw'] as const) {
      const error = await failure(
        new EndpointResolver({ lookup, onUnresolved }).resolve(config, never),
      )
      expect(error).toMatchObject({ code: 'ENOTFOUND', path: 'peers[1].endpoint' })
    }
    const wrong = { onUnresolved: 'ignore' } as object
    expect(() => new EndpointResolver(wrong)).toThrow(
      expect.objectContaining({ path: 'options.resolve.onUnresolved' }),
    )
  })

  it('an abort ends the call all the same', async () => {
    const controller = new AbortController()
    const hanging: Lookup = () => new Promise(() => {})
    const resolver = new EndpointResolver({ lookup: hanging, onUnresolved: 'skip' })
    const resolving = failure(resolver.resolve(config, controller.signal))
    controller.abort()
    expect(await resolving).toMatchObject({ name: 'AbortError' })
  })
})
