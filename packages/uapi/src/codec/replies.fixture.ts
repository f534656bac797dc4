/** Replies as daemons gave them, byte for byte, and what they say. */
import type { WireDevice, WirePeer } from './reply.js'

type PlainDevice = Omit<WireDevice, 'privateKey'> & { readonly privateKey?: Uint8Array }
type PlainPeer = Omit<WirePeer, 'presharedKey'> & { readonly presharedKey?: Uint8Array }

export interface ReplyVector {
  readonly name: string
  readonly text: string
  readonly errno: number
  readonly device: PlainDevice
  readonly peers: readonly PlainPeer[]
  readonly unknown?: Readonly<Record<string, number>>
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const base64 = (text: string): string => Buffer.from(text, 'hex').toString('base64')

const PRIVATE = 'e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a'
const PRESHARED = '188515093e952f5f22e865cef3012e72f8b5f0b598ac0309d5dacce3b70fcf52'
const A = 'a1'.repeat(32)
const B = 'b2'.repeat(32)
const NONE = '0'.repeat(64)

/** Captured from wireguard-go 0.0.20220316 (Debian 12) over a plain socket. */
const wireguardGo: ReplyVector[] = [
  {
    name: 'wireguard-go, a new device',
    text: 'listen_port=48665\nerrno=0\n\n',
    errno: 0,
    device: { listenPort: 48665, fwmark: 0 },
    peers: [],
  },
  {
    name: 'wireguard-go, a set that was carried out',
    text: 'errno=0\n\n',
    errno: 0,
    device: { listenPort: 0, fwmark: 0 },
    peers: [],
  },
  {
    name: 'wireguard-go, a set that was refused',
    text: 'errno=-22\n\n',
    errno: -22,
    device: { listenPort: 0, fwmark: 0 },
    peers: [],
  },
  {
    name: 'wireguard-go, two peers',
    text: [
      `private_key=${PRIVATE}`,
      'listen_port=12912',
      'fwmark=4294967295',
      `public_key=${B}`,
      `preshared_key=${NONE}`,
      'protocol_version=1',
      'endpoint=127.0.0.1:51821',
      'last_handshake_time_sec=0',
      'last_handshake_time_nsec=0',
      'tx_bytes=148',
      'rx_bytes=0',
      'persistent_keepalive_interval=0',
      'allowed_ip=10.0.0.2/32',
      'allowed_ip=fd00::1:0:0:2/128',
      `public_key=${A}`,
      `preshared_key=${PRESHARED}`,
      'protocol_version=1',
      'endpoint=[::1]:51820',
      'last_handshake_time_sec=0',
      'last_handshake_time_nsec=0',
      'tx_bytes=148',
      'rx_bytes=0',
      'persistent_keepalive_interval=65535',
      'allowed_ip=0.0.0.0/0',
      'allowed_ip=::/0',
      'errno=0\n\n',
    ].join('\n'),
    errno: 0,
    device: { privateKey: hex(PRIVATE), listenPort: 12912, fwmark: 4294967295 },
    peers: [
      {
        publicKey: base64(B),
        endpoint: '127.0.0.1:51821',
        persistentKeepaliveInterval: 0,
        lastHandshakeTimeSec: 0,
        lastHandshakeTimeNsec: 0,
        rxBytes: 0,
        txBytes: 148,
        allowedIps: ['10.0.0.2/32', 'fd00::1:0:0:2/128'],
        protocolVersion: 1,
      },
      {
        publicKey: base64(A),
        presharedKey: hex(PRESHARED),
        endpoint: '[::1]:51820',
        persistentKeepaliveInterval: 65535,
        lastHandshakeTimeSec: 0,
        lastHandshakeTimeNsec: 0,
        rxBytes: 0,
        txBytes: 148,
        allowedIps: ['0.0.0.0/0', '::/0'],
        protocolVersion: 1,
      },
    ],
  },
  {
    name: 'wireguard-go, a peer that has next to nothing',
    text: [
      'listen_port=43911',
      `public_key=${A}`,
      `preshared_key=${NONE}`,
      'protocol_version=1',
      'endpoint=127.0.0.1:0',
      'last_handshake_time_sec=0',
      'last_handshake_time_nsec=0',
      'tx_bytes=0',
      'rx_bytes=0',
      'persistent_keepalive_interval=0',
      'errno=0\n\n',
    ].join('\n'),
    errno: 0,
    device: { listenPort: 43911, fwmark: 0 },
    peers: [
      {
        publicKey: base64(A),
        endpoint: '127.0.0.1:0',
        persistentKeepaliveInterval: 0,
        lastHandshakeTimeSec: 0,
        lastHandshakeTimeNsec: 0,
        rxBytes: 0,
        txBytes: 0,
        allowedIps: [],
        protocolVersion: 1,
      },
    ],
  },
]

/** Written after boringtun 0.7, device/api.rs: api_get. */
const boringtun: ReplyVector[] = [
  {
    name: 'boringtun, a peer with everything and one with nothing',
    text: [
      `own_public_key=${B}`,
      'listen_port=51820',
      'fwmark=0',
      `public_key=${A}`,
      `preshared_key=${PRESHARED}`,
      'persistent_keepalive_interval=25',
      'endpoint=[fe80::1%2]:51820',
      'allowed_ip=10.0.0.0/8',
      'last_handshake_time_sec=12',
      'last_handshake_time_nsec=345678901',
      'rx_bytes=18446744073709551615',
      'tx_bytes=1000000000000000',
      `public_key=${PRIVATE}`,
      'rx_bytes=0',
      'tx_bytes=0',
      'errno=0\n\n',
    ].join('\n'),
    errno: 0,
    device: { ownPublicKey: base64(B), listenPort: 51820, fwmark: 0 },
    peers: [
      {
        publicKey: base64(A),
        presharedKey: hex(PRESHARED),
        endpoint: '[fe80::1%2]:51820',
        persistentKeepaliveInterval: 25,
        lastHandshakeTimeSec: 12,
        lastHandshakeTimeNsec: 345678901,
        rxBytes: 2n ** 64n - 1n,
        txBytes: 10 ** 15,
        allowedIps: ['10.0.0.0/8'],
        protocolVersion: 1,
      },
      {
        publicKey: base64(PRIVATE),
        persistentKeepaliveInterval: 0,
        lastHandshakeTimeSec: 0,
        lastHandshakeTimeNsec: 0,
        rxBytes: 0,
        txBytes: 0,
        allowedIps: [],
        protocolVersion: 1,
      },
    ],
  },
  {
    name: 'boringtun, a set that was refused',
    text: 'errno=22\n\n',
    errno: 22,
    device: { listenPort: 0, fwmark: 0 },
    peers: [],
  },
]

/**
 * Lines in the order of the example dialogue, with other keys.
 *
 * @source https://www.wireguard.com/xplatform/#example-dialog
 */
const documented: ReplyVector = {
  name: 'the documented dialogue',
  text: [
    `private_key=${PRIVATE}`,
    'listen_port=12912',
    `public_key=${A}`,
    `preshared_key=${PRESHARED}`,
    'allowed_ip=192.168.4.4/32',
    'endpoint=[abcd:23::33%2]:51820',
    `public_key=${B}`,
    'tx_bytes=38333',
    'rx_bytes=2224',
    'allowed_ip=192.168.4.6/32',
    'persistent_keepalive_interval=111',
    'endpoint=182.122.22.19:3233',
    'last_handshake_time_sec=1700000000',
    'last_handshake_time_nsec=51',
    'errno=0\n\n',
  ].join('\n'),
  errno: 0,
  device: { privateKey: hex(PRIVATE), listenPort: 12912, fwmark: 0 },
  peers: [
    {
      publicKey: base64(A),
      presharedKey: hex(PRESHARED),
      endpoint: '[abcd:23::33%2]:51820',
      persistentKeepaliveInterval: 0,
      lastHandshakeTimeSec: 0,
      lastHandshakeTimeNsec: 0,
      rxBytes: 0,
      txBytes: 0,
      allowedIps: ['192.168.4.4/32'],
      protocolVersion: 1,
    },
    {
      publicKey: base64(B),
      endpoint: '182.122.22.19:3233',
      persistentKeepaliveInterval: 111,
      lastHandshakeTimeSec: 1700000000,
      lastHandshakeTimeNsec: 51,
      rxBytes: 2224,
      txBytes: 38333,
      allowedIps: ['192.168.4.6/32'],
      protocolVersion: 1,
    },
  ],
}

/** A fork with keys of its own: what this version does not know is counted. */
const unknownKeys: ReplyVector = {
  name: 'keys of another family',
  text: `jc=4\nS1=15\ns1=15\nlisten_port=1\npublic_key=${A}\nadvanced_security=on\njc=1\nerrno=0\n\n`,
  errno: 0,
  device: { listenPort: 1, fwmark: 0, amnezia: { jc: 4, s1: 15 } },
  peers: [
    {
      publicKey: base64(A),
      persistentKeepaliveInterval: 0,
      lastHandshakeTimeSec: 0,
      lastHandshakeTimeNsec: 0,
      rxBytes: 0,
      txBytes: 0,
      allowedIps: [],
      protocolVersion: 1,
      extra: { advanced_security: 'on', jc: '1' },
    },
  ],
  unknown: { jc: 1, S1: 1, advanced_security: 1 },
}

/** As amneziawg-go 3.1.20260814 answered, new and after a set of everything; keys and counters are made up. */
const amneziawgGo: readonly ReplyVector[] = [
  {
    name: 'amneziawg-go, new',
    text: 'listen_port=33494\nh1=1\nh2=2\nh3=3\nh4=4\nrandom_trailers=0\ndisable_cookies=0\nerrno=0\n\n',
    errno: 0,
    device: {
      listenPort: 33494,
      fwmark: 0,
      amnezia: { h1: 1, h2: 2, h3: 3, h4: 4, randomTrailers: false, disableCookies: false },
    },
    peers: [],
  },
  {
    name: 'amneziawg-go, everything but its keys',
    text: `listen_port=51820\njc=4\njmin=40\njmax=70\ns1=15\ns2=16\ns3=17\ns4=18\nh1=100-199\nh2=200\nh3=300-399\nh4=400-4294967295\ni1=<b 0xdeadbeef><r 12><t>\ni3=<rc 5><rd 3>\ncontent_padding_addition=1-40\nrekey_after_time=100-120\nrekey_timeout=5\nreject_after_time=180\nkeepalive_timeout=10-12\nmax_handshake_attempts=18\nrandom_trailers=1\ndisable_cookies=1\npublic_key=${A}\npreshared_key=${'0'.repeat(64)}\nprotocol_version=1\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\npersistent_keepalive_interval=15-30\nallowed_ip=10.0.0.2/32\nerrno=0\n\n`,
    errno: 0,
    device: {
      listenPort: 51820,
      fwmark: 0,
      amnezia: {
        jc: 4,
        jmin: 40,
        jmax: 70,
        s1: 15,
        s2: 16,
        s3: 17,
        s4: 18,
        h1: '100-199',
        h2: 200,
        h3: '300-399',
        h4: '400-4294967295',
        i1: '<b 0xdeadbeef><r 12><t>',
        i3: '<rc 5><rd 3>',
        contentPaddingAddition: '1-40',
        rekeyAfterTime: '100-120',
        rekeyTimeout: 5,
        rejectAfterTime: 180,
        keepaliveTimeout: '10-12',
        maxHandshakeAttempts: 18,
        randomTrailers: true,
        disableCookies: true,
      },
    },
    peers: [
      {
        publicKey: base64(A),
        persistentKeepaliveInterval: 15,
        persistentKeepaliveTo: 30,
        lastHandshakeTimeSec: 0,
        lastHandshakeTimeNsec: 0,
        rxBytes: 0,
        txBytes: 0,
        allowedIps: ['10.0.0.2/32'],
        protocolVersion: 1,
      },
    ],
  },
]

export const replyVectors: readonly ReplyVector[] = [
  ...wireguardGo,
  ...boringtun,
  documented,
  unknownKeys,
  ...amneziawgGo,
]
