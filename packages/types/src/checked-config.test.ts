import { describe, expect, it } from 'vitest'
import { type CheckedConfig, checkConfig, wipeConfig, withCheckedConfig } from './checked-config.js'
import type { DeviceConfig, PeerConfig } from './config.js'
import { WireGuardError } from './errors.js'
import { formatPublicKey, generatePresharedKey, generatePrivateKey, publicKey } from './key.js'

const key = (fill: number): string => formatPublicKey(new Uint8Array(32).fill(fill))
const secret = new Uint8Array(32).fill(7)
const zero = new Uint8Array(32)
const onePeer = (fields: object): DeviceConfig =>
  ({ peers: [{ publicKey: key(1), ...fields }] }) as DeviceConfig

const bare = { remove: false, updateOnly: false, replaceAllowedIPs: false, allowedIPs: [] }
const checkedPeer = (fields: object): object => ({ publicKey: key(1), ...bare, ...fields })

describe('checkConfig', () => {
  it.each<[string, DeviceConfig, object]>([
    ['nothing', {}, {}],
    ['undefined as absent', { privateKey: undefined, peers: undefined }, {}],
    ['every flag off', { replacePeers: false }, {}],
    ['a key as bytes', { privateKey: secret }, { privateKey: secret }],
    ['a key as text', { privateKey: key(7) }, { privateKey: secret }],
    ['no key', { privateKey: null }, { privateKey: zero }],
    ['the lowest port', { listenPort: 0 }, { listenPort: 0 }],
    ['the highest port', { listenPort: 65535 }, { listenPort: 65535 }],
    ['no mark', { firewallMark: null }, { firewallMark: 0 }],
    ['the lowest mark', { firewallMark: 0 }, { firewallMark: 0 }],
    ['the highest mark', { firewallMark: 0xffffffff }, { firewallMark: 0xffffffff }],
    ['to replace peers', { replacePeers: true, peers: [] }, { replacePeers: true }],
  ])('takes %s', (_, config, expected) => {
    expect(checkConfig(config)).toStrictEqual({ replacePeers: false, peers: [], ...expected })
  })

  it.each<[string, object, object]>([
    ['a bare peer', {}, {}],
    ['a key as bytes', { publicKey: new Uint8Array(32).fill(2) }, { publicKey: key(2) }],
    ['to remove', { remove: true }, { remove: true }],
    [
      'to remove what is there',
      { remove: true, updateOnly: true },
      { remove: true, updateOnly: true },
    ],
    ['to remove, else undefined', { remove: true, presharedKey: undefined }, { remove: true }],
    ['not to remove', { remove: false, persistentKeepalive: 1 }, { persistentKeepalive: 1 }],
    ['a preshared key', { presharedKey: key(7) }, { presharedKey: secret }],
    ['no preshared key', { presharedKey: null }, { presharedKey: zero }],
    ['no keepalive', { persistentKeepalive: null }, { persistentKeepalive: 0 }],
    ['the lowest keepalive', { persistentKeepalive: 0 }, { persistentKeepalive: 0 }],
    ['the highest keepalive', { persistentKeepalive: 65535 }, { persistentKeepalive: 65535 }],
    [
      'an endpoint',
      { endpoint: '[FE80::1%lo]:1' },
      { endpoint: { address: 'fe80::1', port: 1, family: 6, scopeId: 'lo' } },
    ],
    ['to replace allowed IPs', { replaceAllowedIPs: true }, { replaceAllowedIPs: true }],
    [
      'a network',
      { allowedIPs: ['10.1.2.3/8'] },
      { allowedIPs: [{ text: '10.0.0.0/8', remove: false }] },
    ],
    [
      'a network to add and one to remove',
      { allowedIPs: [{ cidr: '10.0.0.0/8' }, { cidr: '::', remove: true }] },
      {
        allowedIPs: [
          { text: '10.0.0.0/8', remove: false },
          { text: '::/128', remove: true },
        ],
      },
    ],
  ])('takes a peer with %s', (_, fields, expected) => {
    expect(checkConfig(onePeer(fields)).peers).toStrictEqual([checkedPeer(expected)])
  })

  it.each<[string, string, unknown[]]>([
    ['TypeError', '', [undefined, null, 1, 'x', [], () => {}]],
    ['TypeError', 'privateKey', [1, {}, true, [1]]],
    ['EINVAL', 'privateKey', ['', 'x', new Uint8Array(31), new Uint8Array(33)]],
    ['TypeError', 'listenPort', [null, '1', true, 1n, {}]],
    ['RangeError', 'listenPort', [-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY]],
    ['TypeError', 'firewallMark', ['1', true, 1n, {}]],
    ['RangeError', 'firewallMark', [-1, 2 ** 32, 0.5, Number.NaN]],
    ['TypeError', 'replacePeers', [null, 0, 1, 'true', {}]],
    ['TypeError', 'peers', [null, 1, 'x', {}, new Set()]],
    ['TypeError', 'peers[0]', [[undefined], [null], [1], ['x'], [[]], new Array(1)]],
  ])('throws %s for %s', (kind, path, values) => {
    for (const value of values) {
      const config = path === '' ? value : { [path.replace('[0]', '')]: value }
      expectRefusal(() => checkConfig(config as DeviceConfig), kind, path || 'config')
    }
  })

  it.each<[string, string, unknown[]]>([
    ['TypeError', 'publicKey', [undefined, null, 1, {}, generatePrivateKey()]],
    ['EINVAL', 'publicKey', ['', 'x', new Uint8Array(31), key(1).slice(1)]],
    ['TypeError', 'remove', [null, 0, 'true']],
    ['TypeError', 'updateOnly', [null, 0, 'true']],
    ['TypeError', 'replaceAllowedIPs', [null, 0, 'true']],
    ['TypeError', 'presharedKey', [1, {}, true]],
    ['EINVAL', 'presharedKey', ['', new Uint8Array(31)]],
    ['TypeError', 'endpoint', [null, 1, {}, []]],
    ['EINVAL', 'endpoint', ['', 'x', '192.0.2.1', '::1:1', 'example.org:1']],
    ['RangeError', 'endpoint', ['192.0.2.1:0', '[::1]:65536']],
    ['EINVAL', 'endpoint.address', [{ address: 'x', port: 1 }]],
    ['RangeError', 'endpoint.port', [{ address: '::1', port: 0 }]],
    ['EINVAL', 'endpoint.scopeId', [{ address: '10.0.0.1', port: 1, scopeId: 1 }]],
    ['TypeError', 'persistentKeepalive', ['1', true, 1n]],
    ['RangeError', 'persistentKeepalive', [-1, 65536, 1.5, Number.NaN]],
    ['TypeError', 'allowedIPs', [null, '10.0.0.0/8', {}]],
    ['TypeError', 'allowedIPs[0]', [[undefined], [null], [1], [[]], new Array(1)]],
    ['EINVAL', 'allowedIPs[0]', [[''], ['x'], ['10.0.0.0/33'], ['::/129']]],
    ['EINVAL', 'allowedIPs[1]', [['10.0.0.0/8', 'x']]],
    ['TypeError', 'allowedIPs[0].cidr', [[{}], [{ cidr: 1 }], [{ cidr: null }]]],
    ['EINVAL', 'allowedIPs[0].cidr', [[{ cidr: 'x' }]]],
    ['TypeError', 'allowedIPs[0].remove', [[{ cidr: '10.0.0.0/8', remove: 1 }]]],
    ['TypeError', 'allowedIPs[0].mask', [[{ cidr: '10.0.0.0/8', mask: 1 }]]],
  ])('throws %s for %s of a peer', (kind, field, values) => {
    for (const value of values) {
      const name = field.replace(/[[.].*/, '')
      const peer = { publicKey: key(1), [name]: value } as unknown as PeerConfig
      const config = { peers: [{ publicKey: key(9) }, peer] }
      expectRefusal(() => checkConfig(config), kind, `peers[1].${field}`)
    }
  })

  it('knows no other fields', () => {
    const unknown = (config: object, path: string): void =>
      expectRefusal(() => checkConfig(config as DeviceConfig), 'TypeError', path)
    unknown({ listenport: 1 }, 'listenport')
    unknown({ fwmark: undefined }, 'fwmark')
    unknown(Object.create({ inherited: 1 }), 'inherited')
    unknown({ peers: [{ publicKey: key(1), keepalive: 1 }] }, 'peers[0].keepalive')
  })

  it.each([
    'presharedKey',
    'endpoint',
    'persistentKeepalive',
    'replaceAllowedIPs',
    'allowedIPs',
  ] as const)('removes no peer and sets its %s', (field) => {
    const values = {
      presharedKey: null,
      endpoint: '127.0.0.1:1',
      persistentKeepalive: 0,
      replaceAllowedIPs: false,
      allowedIPs: [],
    }
    const config = onePeer({ remove: true, [field]: values[field] })
    expectRefusal(() => checkConfig(config), 'EINVAL', `peers[0].${field}`)
  })
})

describe('what the wires would swallow', () => {
  const privateKey = generatePrivateKey()
  const own = publicKey(privateKey)

  it('refuses the own key as a peer', () => {
    const peers = [{ publicKey: key(1) }, { publicKey: own }]
    expectRefusal(() => checkConfig({ privateKey, peers }), 'EINVAL', 'peers[1].publicKey')
    checkConfig({ peers })
    checkConfig({ privateKey: null, peers })
    checkConfig({ privateKey, peers: [{ publicKey: own, remove: true }] })
  })

  it('takes any peer of a device without key, even the public key of the zero key', () => {
    checkConfig({ privateKey: null, peers: [{ publicKey: publicKey(zero) }] })
  })

  it.each<[string, PeerConfig[], string]>([
    [
      'one network to two peers',
      [
        { publicKey: key(1), allowedIPs: ['10.0.0.0/8', '10.0.0.0/24'] },
        { publicKey: key(2), allowedIPs: ['::/0', '10.0.0.1/24'] },
      ],
      'peers[1].allowedIPs[1]',
    ],
    [
      'one network in two spellings',
      [
        { publicKey: key(1), allowedIPs: ['fd00::/64'] },
        { publicKey: key(2), allowedIPs: [{ cidr: 'FD00:0::7/64' }] },
      ],
      'peers[1].allowedIPs[0]',
    ],
    [
      'one network added and removed',
      [{ publicKey: key(1), allowedIPs: ['10.0.0.0/8', { cidr: '10.0.0.1/8', remove: true }] }],
      'peers[0].allowedIPs[1]',
    ],
    [
      'one network removed and added',
      [{ publicKey: key(1), allowedIPs: [{ cidr: '10.0.0.0/8', remove: true }, '10.0.0.0/8'] }],
      'peers[0].allowedIPs[1]',
    ],
  ])('refuses %s', (_, peers, path) => {
    expectRefusal(() => checkConfig({ peers }), 'EINVAL', path)
  })

  it.each<[string, PeerConfig[]]>([
    ['twice to one peer', [{ publicKey: key(1), allowedIPs: ['10.0.0.0/8', '10.0.0.0/8'] }]],
    [
      'to one peer that is named twice',
      [
        { publicKey: key(1), allowedIPs: ['10.0.0.0/8'] },
        { publicKey: key(1), allowedIPs: ['10.0.0.0/8'] },
      ],
    ],
    [
      'from one peer to another',
      [
        { publicKey: key(1), allowedIPs: [{ cidr: '10.0.0.0/8', remove: true }] },
        { publicKey: key(2), allowedIPs: ['10.0.0.0/8'] },
      ],
    ],
    [
      'as address and mapped address',
      [
        { publicKey: key(1), allowedIPs: ['10.0.0.1'] },
        { publicKey: key(2), allowedIPs: ['::ffff:10.0.0.1'] },
      ],
    ],
    [
      'of different lengths',
      [
        { publicKey: key(1), allowedIPs: ['10.0.0.0/8'] },
        { publicKey: key(2), allowedIPs: ['10.0.0.0/9'] },
      ],
    ],
  ])('takes a network given %s', (_, peers) => {
    expect(checkConfig({ peers }).peers).toHaveLength(peers.length)
  })
})

describe('secrets of a checked config', () => {
  it('are copies, which wipeConfig zeroes', () => {
    const input = secret.slice()
    const config = checkConfig({
      privateKey: input,
      peers: [{ publicKey: key(1), presharedKey: input }, { publicKey: key(2) }],
    })
    wipeConfig(config)
    expect(input).toEqual(secret)
    expect(config.privateKey).toEqual(zero)
    expect(config.peers[0]?.presharedKey).toEqual(zero)
  })
})

function expectRefusal(body: () => unknown, kind: string, path: string): void {
  let error: unknown
  try {
    body()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(WireGuardError)
  expect(error).toMatchObject({ code: 'EINVAL', path })
  expect(error instanceof TypeError).toBe(kind === 'TypeError')
  expect(error instanceof RangeError).toBe(kind === 'RangeError')
}

describe('withCheckedConfig', () => {
  const peers = Array.from({ length: 5000 }, (_, index) => ({
    publicKey: Buffer.alloc(32, String(index).padStart(8, '0')).toString('base64'),
    allowedIPs: [`10.0.${index >> 8}.${index & 255}/32`],
  }))
  const { signal } = new AbortController()
  const check = (config: DeviceConfig): Promise<CheckedConfig> =>
    withCheckedConfig(config, (checked) => checked(signal))

  it('gives what checkConfig gives', async () => {
    const config = { listenPort: 1, replacePeers: true, peers }
    expect(await check(config)).toEqual(checkConfig(config))
  })

  it('lets others have a turn during a large config', async () => {
    let turns = 0
    const count = (): void => {
      turns++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    await check({ peers })
    clearImmediate(next)
    expect(turns).toBeGreaterThan(10)
  })

  it('lets others have a turn during one peer with many networks, whatever is asked of them', async () => {
    const many = Array.from({ length: 30_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`)
    let turns = 0
    const count = (): void => {
      turns++
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    const allowedIPs = [...many.slice(1), { cidr: '192.0.2.0/24', remove: true }]
    const { peers: checked } = await check({
      peers: [{ publicKey: peers[0]?.publicKey ?? '', allowedIPs }],
    })
    clearImmediate(next)
    expect(turns).toBeGreaterThan(60)
    expect(checked[0]?.allowedIPs.length).toBe(30_000)
    expect(checked[0]?.allowedIPs[29_999]).toEqual({ text: '192.0.2.0/24', remove: true })
    const wrong = [...many.slice(1), 'nonsense']
    await expect(
      check({ peers: [{ publicKey: peers[0]?.publicKey ?? '', allowedIPs: wrong }] }),
    ).rejects.toMatchObject({
      path: 'peers[0].allowedIPs[29999]',
    })
  })

  it('looks at a small config before it returns: it may change behind that', async () => {
    const config = { listenPort: 7, peers: peers.slice(0, 200) }
    const checking = check(config)
    config.listenPort = 8
    config.peers.length = 0
    expect(await checking).toMatchObject({ listenPort: 7, peers: { length: 200 } })
  })

  it('names the field of a late peer, and refuses its network', async () => {
    const late = [...peers, { publicKey: peers[0]?.publicKey ?? '', persistentKeepalive: -1 }]
    await expect(check({ peers: late })).rejects.toMatchObject({
      path: 'peers[5000].persistentKeepalive',
    })
    const twice = [...peers, { publicKey: generatePublicKey(), allowedIPs: ['10.0.0.0'] }]
    await expect(check({ peers: twice })).rejects.toMatchObject({
      path: 'peers[5000].allowedIPs[0]',
    })
  })

  it('ends with an AbortError when the signal fires', async () => {
    const controller = new AbortController()
    const call = withCheckedConfig({ peers }, (checked) => checked(controller.signal))
    controller.abort(new Error('enough'))
    await expect(call).rejects.toMatchObject({ code: 'ABORT_ERR', cause: new Error('enough') })
  })

  it('wipes the secrets when the call is over, also one that never looked at them', async () => {
    const secret = { publicKey: generatePublicKey(), presharedKey: generatePresharedKey() }
    let seen: CheckedConfig | undefined
    const use = async (
      checked: (signal: AbortSignal) => Promise<CheckedConfig>,
    ): Promise<never> => {
      seen = await checked(signal)
      throw new Error('refused')
    }
    await expect(withCheckedConfig({ peers: [secret] }, use)).rejects.toThrow('refused')
    expect(seen?.peers[0]?.presharedKey).toEqual(new Uint8Array(32))
    await expect(withCheckedConfig({ peers: [{}] } as never, async () => 'done')).resolves.toBe(
      'done',
    )
  })
})

const generatePublicKey = (): string => publicKey(generatePrivateKey())
