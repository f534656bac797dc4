import { checkConfig } from '@wgctrl/types'
import { FakeDevice } from '@wgctrl/types/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Conversation } from './conversation.js'
import { FakeDaemon, type FakeImplementation } from './fake-daemon.js'

const A = 'a1'.repeat(32)
const B = 'b2'.repeat(32)
const PRIVATE = 'e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a'
const PRESHARED = '188515093e952f5f22e865cef3012e72f8b5f0b598ac0309d5dacce3b70fcf52'
const NONE = '0'.repeat(64)
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

/** What a daemon answers, and how it leaves the connection. */
interface Answer {
  readonly text: string
  readonly isOver: boolean
}

function daemon(implementation: FakeImplementation = 'wireguard-go-2022'): FakeDaemon {
  return new FakeDaemon(new FakeDevice('wg0'), implementation)
}

function ask(to: FakeDaemon, request: string): Answer {
  const conversation = new Conversation(to, [])
  return { text: conversation.push(request), isOver: conversation.isOver }
}

const open = (text: string): Answer => ({ text, isOver: false })
const over = (text: string): Answer => ({ text, isOver: true })
const OK = open('errno=0\n\n')
const INVALID = open('errno=-22\n\n')

const peerLines = (key: string, more: Record<string, string> = {}): string => {
  const { endpoint, allowed_ip, ...lines } = {
    preshared_key: NONE,
    protocol_version: '1',
    last_handshake_time_sec: '0',
    last_handshake_time_nsec: '0',
    tx_bytes: '0',
    rx_bytes: '0',
    persistent_keepalive_interval: '0',
    ...more,
  } as Record<string, string>
  const { preshared_key, protocol_version, ...rest } = lines
  return [
    `public_key=${key}`,
    `preshared_key=${preshared_key}`,
    `protocol_version=${protocol_version}`,
    ...(endpoint ? [`endpoint=${endpoint}`] : []),
    ...Object.entries(rest).map(([name, value]) => `${name}=${value}`),
    ...(allowed_ip ? allowed_ip.split(' ').map((text) => `allowed_ip=${text}`) : []),
    '',
  ].join('\n')
}

/**
 * Requests and answers of a real wireguard-go 0.0.20220316 (Debian 12), each list on a daemon of its own
 * and each request on a connection of its own. The listen port, which the real one chooses, is left out.
 */
const transcripts: Record<string, [request: string, answer: Answer][]> = {
  'an empty device': [['get=1\n\n', OK]],
  'unknown operations': [
    ['foo\n\n', over('')],
    ['get=2\n\n', over('')],
    ['\n', over('')],
    ['set=2\n\n', over('')],
    ['get=1\nx\n\n', over('errno=-22\n\n')],
    ['get=1', open('')],
    ['set=1\r\n\r\n', over('')],
  ],
  'several operations on one connection': [
    ['get=1\n\nget=1\n\n', open('errno=0\n\nerrno=0\n\n')],
    ['set=1\nfwmark=3\n\nget=1\n\n', OK],
    ['get=1\n\nset=1\nfwmark=4\n\n', open('fwmark=3\nerrno=0\n\nerrno=0\n\n')],
    ['get=1\n\n', open('fwmark=4\nerrno=0\n\n')],
  ],
  'a set of nothing': [['set=1\n\n', OK]],
  'a whole device': [
    [
      `set=1\nprivate_key=${PRIVATE}\nfwmark=4294967295\npublic_key=${A}\npreshared_key=${PRESHARED}\n` +
        'endpoint=[::1]:51820\npersistent_keepalive_interval=65535\nallowed_ip=0.0.0.0/0\n' +
        `allowed_ip=::/0\npublic_key=${B}\nendpoint=127.0.0.1:51821\nallowed_ip=10.0.0.2/32\n` +
        'allowed_ip=fd00::1:0:0:2/128\n\n',
      OK,
    ],
    [
      'get=1\n\n',
      open(
        `private_key=${PRIVATE}\nfwmark=4294967295\n` +
          peerLines(A, {
            preshared_key: PRESHARED,
            endpoint: '[::1]:51820',
            persistent_keepalive_interval: '65535',
            allowed_ip: '0.0.0.0/0 ::/0',
          }) +
          peerLines(B, {
            endpoint: '127.0.0.1:51821',
            allowed_ip: '10.0.0.2/32 fd00::1:0:0:2/128',
          }) +
          'errno=0\n\n',
      ),
    ],
  ],
  'lines that are none': [
    ['set=1\nfoo\n\n', open('errno=-71\n\n')],
    [`set=1\npublic_key=${A}\nfoo\n\n`, open('errno=-71\n\n')],
  ],
  'what stood before a bad line': [
    ['set=1\nfwmark=5\nfoo=1\nfwmark=7\n\n', INVALID],
    [`set=1\npublic_key=${A}\nallowed_ip=10.0.0.0/8\nbad=1\npublic_key=${B}\n\n`, INVALID],
    ['get=1\n\n', open(`fwmark=5\n${peerLines(A, { allowed_ip: '10.0.0.0/8' })}errno=0\n\n`)],
  ],
  'a bad line and many behind it': [
    [`set=1\nbad=1\n${`public_key=${A}\n`.repeat(200)}\n`, over('errno=-22\n\n')],
    ['get=1\n\n', OK],
  ],
  'values of a device': [
    ...['listen_port=65536', 'listen_port=-1', 'listen_port=', 'fwmark=4294967296'],
    ...['replace_peers=false', 'private_key=00', `private_key=${'g'.repeat(64)}`],
    `public_key=${'0'.repeat(63)}`,
  ].map((line): [string, Answer] => [`set=1\n${line}\n\n`, INVALID]),
  'keys in either case': [
    [`set=1\nprivate_key=${PRIVATE.toUpperCase()}\n\n`, OK],
    ['get=1\n\n', open(`private_key=${PRIVATE}\nerrno=0\n\n`)],
    [`set=1\nprivate_key=${'f'.repeat(64)}\n\n`, OK],
    ['get=1\n\n', open(`private_key=f8${'f'.repeat(60)}7f\nerrno=0\n\n`)],
    [`set=1\nprivate_key=${NONE}\n\n`, OK],
    ['get=1\n\n', OK],
  ],
  'values of a peer': [
    ...(
      [
        [INVALID, 'remove=false', 'update_only=false', 'replace_allowed_ips=false'],
        [OK, 'remove=true', 'update_only=true', 'replace_allowed_ips=true', 'protocol_version=1'],
        [INVALID, 'preshared_key=00', 'protocol_version=2', 'listen_port=5', 'fwmark=1'],
        [INVALID, 'endpoint=x', 'endpoint=127.0.0.1', 'endpoint=::1:5', 'endpoint=[::1]:65536'],
        [INVALID, 'endpoint=[127.0.0.1]:1', 'endpoint=localhost:5', `private_key=${PRIVATE}`],
        [INVALID, 'persistent_keepalive_interval=65536', 'persistent_keepalive_interval=off'],
        [INVALID, 'allowed_ip=10.0.0.0/33', 'allowed_ip=10.0.0.0/', 'allowed_ip=10.0.0.1'],
        [INVALID, 'allowed_ip=x/8', 'allowed_ip=::/129', 'allowed_ip=fe80::%1/64'],
        [INVALID, 'allowed_ip=-10.0.0.0/8'],
        [OK, 'endpoint=[::1]:65535', 'persistent_keepalive_interval=007', 'allowed_ip=10.0.0.0/08'],
      ] as [Answer, ...string[]][]
    ).flatMap(([answer, ...lines]) =>
      lines.map((line): [string, Answer] => [`set=1\npublic_key=${A}\n${line}\n\n`, answer]),
    ),
    [
      'get=1\n\n',
      open(
        `${peerLines(A, {
          endpoint: '[::1]:65535',
          persistent_keepalive_interval: '7',
          allowed_ip: '10.0.0.0/8',
        })}errno=0\n\n`,
      ),
    ],
  ],
  'port 0 and mapped addresses': [
    [`set=1\npublic_key=${A}\nendpoint=127.0.0.1:0\n\n`, OK],
    ['get=1\n\n', open(`${peerLines(A, { endpoint: '127.0.0.1:0' })}errno=0\n\n`)],
    [
      `set=1\npublic_key=${A}\nendpoint=[::ffff:127.0.0.1]:5\nallowed_ip=::ffff:10.0.0.0/104\n\n`,
      OK,
    ],
    [
      'get=1\n\n',
      open(
        peerLines(A, { endpoint: '[::ffff:127.0.0.1]:5', allowed_ip: '::ffff:10.0.0.0/104' }) +
          'errno=0\n\n',
      ),
    ],
  ],
  'bits behind the prefix': [
    [`set=1\npublic_key=${A}\nallowed_ip=10.1.2.3/8\n\n`, OK],
    ['get=1\n\n', open(`${peerLines(A, { allowed_ip: '10.0.0.0/8' })}errno=0\n\n`)],
  ],
  'fields behind a removal': [
    [`set=1\npublic_key=${A}\nallowed_ip=10.0.0.0/8\n\n`, OK],
    [`set=1\npublic_key=${A}\nremove=true\nallowed_ip=11.0.0.0/8\n\n`, OK],
    ['get=1\n\n', OK],
  ],
  'a removal behind fields': [
    [
      `set=1\npublic_key=${A}\nallowed_ip=10.0.0.0/8\nremove=true\npublic_key=${B}\nallowed_ip=10.0.0.0/8\n\n`,
      OK,
    ],
    ['get=1\n\n', open(`${peerLines(B, { allowed_ip: '10.0.0.0/8' })}errno=0\n\n`)],
  ],
  'update_only behind fields of a new peer': [
    [
      `set=1\npublic_key=${A}\nallowed_ip=10.0.0.0/8\nupdate_only=true\nallowed_ip=11.0.0.0/8\n\n`,
      OK,
    ],
    ['get=1\n\n', OK],
  ],
  'replace_allowed_ips between networks': [
    [
      `set=1\npublic_key=${A}\nallowed_ip=10.0.0.0/8\nreplace_allowed_ips=true\nallowed_ip=11.0.0.0/8\n\n`,
      OK,
    ],
    ['get=1\n\n', open(`${peerLines(A, { allowed_ip: '11.0.0.0/8' })}errno=0\n\n`)],
  ],
  'a preshared key that is cleared': [
    [`set=1\npublic_key=${A}\npreshared_key=${PRESHARED}\n\n`, OK],
    [`set=1\npublic_key=${A}\npreshared_key=${NONE}\n\n`, OK],
    ['get=1\n\n', open(`${peerLines(A)}errno=0\n\n`)],
  ],
}

describe('answers as wireguard-go did', () => {
  it.each(Object.entries(transcripts))('%s', (_, requests) => {
    const fake = daemon()
    for (const [request, answer] of requests) {
      expect({ request, ...ask(fake, request) }).toEqual({ request, ...answer })
    }
  })

  it.each(['a whole device', 'a removal behind fields'])('%s, byte by byte', (name) => {
    const fake = daemon()
    for (const [request, answer] of transcripts[name] ?? []) {
      const conversation = new Conversation(fake, [])
      const text = Array.from(request, (byte) => conversation.push(byte)).join('')
      expect({ text, isOver: conversation.isOver }).toEqual(answer)
    }
  })

  it('a refusal in the middle of what comes later: hangs up', () => {
    const conversation = new Conversation(daemon(), [])
    expect(conversation.push('set=1\nbad=1\n')).toBe('errno=-22\n\n')
    expect(conversation.isOver).toBe(false)
    expect(conversation.push(`public_key=${A}\n`)).toBe('')
    expect(conversation.isOver).toBe(true)
  })
})

it('takes a network from a peer as wireguard-go does since 2025', () => {
  const fake = daemon('wireguard-go')
  const device = fake.device
  device.apply(checkConfig({ peers: [{ publicKey: base64(A), allowedIPs: ['10.0.0.0/8'] }] }))
  expect(ask(fake, `set=1\npublic_key=${B}\nallowed_ip=-10.0.0.0/8\n\n`)).toEqual(OK)
  expect(device.snapshot().peers[0]?.allowedIPs).toEqual(['10.0.0.0/8'])
  expect(ask(fake, `set=1\npublic_key=${A}\nallowed_ip=-10.0.0.0/8\n\n`)).toEqual(OK)
  expect(device.snapshot().peers[0]?.allowedIPs).toEqual([])
})

/** After boringtun 0.7, device/api.rs and device/mod.rs. */
describe('boringtun', () => {
  const keyed = (): FakeDaemon => {
    const fake = daemon('boringtun')
    expect(ask(fake, `set=1\nprivate_key=${PRIVATE}\n\n`)).toEqual(over('errno=0\n\n'))
    return fake
  }
  const keysOf = (fake: FakeDaemon): string[] =>
    fake.device.snapshot().peers.map((peer) => peer.publicKey)

  it('hangs up after one operation, and needs no blank line behind a get', () => {
    expect(ask(daemon('boringtun'), 'get=1\n')).toEqual(over('errno=0\n\n'))
    expect(ask(daemon('boringtun'), 'foo\n')).toEqual(over('errno=5\n\n'))
  })

  it('signs errors with plus', () => {
    expect(ask(daemon('boringtun'), 'set=1\nfoo=1\n')).toEqual(over('errno=22\n\n'))
    expect(ask(daemon('boringtun'), 'set=1\nfoo\n')).toEqual(over('errno=71\n\n'))
    const update = `set=1\npublic_key=${A}\nupdate_only=true\n`
    expect(ask(daemon('boringtun'), update)).toEqual(over('errno=22\n\n'))
    const removal = `set=1\npublic_key=${A}\nallowed_ip=-10.0.0.0/8\n`
    expect(ask(daemon('boringtun'), removal)).toEqual(over('errno=22\n\n'))
  })

  it('panics over a peer before a key, and over one that it has', () => {
    const peer = `set=1\npublic_key=${A}\n\n`
    expect(ask(daemon('boringtun'), peer)).toEqual(over(''))
    const fake = keyed()
    expect(ask(fake, peer)).toEqual(over('errno=0\n\n'))
    expect(ask(fake, peer)).toEqual(over(''))
    expect(ask(fake, `set=1\npublic_key=${A}\nremove=true\n\n`)).toEqual(over('errno=0\n\n'))
    expect(keysOf(fake)).toEqual([])
  })

  it('takes zeros for a key', () => {
    const fake = daemon('boringtun')
    expect(ask(fake, `set=1\nprivate_key=${NONE}\n\n`)).toEqual(over('errno=0\n\n'))
    expect(ask(fake, `set=1\npublic_key=${A}\n\n`)).toEqual(over('errno=0\n\n'))
    expect(ask(fake, 'get=1\n').text).toBe(
      'own_public_key=2fe57da347cd62431528daac5fbb290730fff684afc4cfc2ed90995f58cb3b74\n' +
        `public_key=${A}\nrx_bytes=0\ntx_bytes=0\nerrno=0\n\n`,
    )
  })

  it('lets one peer of a set have what another was given', () => {
    const fake = keyed()
    const set = `set=1\npublic_key=${A}\npreshared_key=${PRESHARED}\nendpoint=127.0.0.1:1\npersistent_keepalive_interval=5\nallowed_ip=10.0.0.0/8\npublic_key=${B}\n\n`
    ask(fake, set)
    expect(fake.device.snapshot().peers[1]).toMatchObject({
      publicKey: base64(B),
      endpoint: { address: '127.0.0.1' },
      persistentKeepalive: 5,
      allowedIPs: [],
    })
    ask(fake, `set=1\npublic_key=${A}\nremove=true\npublic_key=${B}\n\n`)
    expect(keysOf(fake)).toEqual([])
  })

  it('has carried out nothing of the peer with the bad line', () => {
    const fake = keyed()
    expect(ask(fake, `set=1\npublic_key=${A}\npublic_key=${B}\nbad=1\n`).text).toBe('errno=22\n\n')
    expect(keysOf(fake)).toEqual([base64(A)])
  })

  it('shows what there is, and no private key', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const fake = keyed()
    ask(fake, 'set=1\nlisten_port=7\nfwmark=8\n\n')
    ask(
      fake,
      `set=1\npublic_key=${A}\npreshared_key=${PRESHARED}\nendpoint=[::1]:1\npersistent_keepalive_interval=5\nallowed_ip=10.0.0.0/8\n\n`,
    )
    fake.device.pretend(base64(A), { lastHandshake: new Date(Date.now() - 10_000) })
    const { text } = ask(fake, 'get=1\n')
    expect(text.split('\n').map((line) => line.split('=')[0])).toEqual([
      ...['own_public_key', 'listen_port', 'fwmark', 'public_key', 'preshared_key'],
      ...['persistent_keepalive_interval', 'endpoint', 'allowed_ip', 'last_handshake_time_sec'],
      ...['last_handshake_time_nsec', 'rx_bytes', 'tx_bytes', 'errno', '', ''],
    ])
    expect(text).toContain('last_handshake_time_sec=10\n')
  })
})

it('records every request', () => {
  const requests: string[] = []
  const conversation = new Conversation(daemon(), requests)
  for (const text of ['get=1\n\n', 'set=1\nfwmark=1\n\n', 'set=1\nbad=1\n', 'foo\n']) {
    conversation.push(text)
  }
  expect(requests).toEqual(['get=1', 'set=1\nfwmark=1', 'set=1\nbad=1', 'foo'])
})
