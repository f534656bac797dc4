import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { DeviceConfig, KeyInput, PeerConfig } from '@wgctrl/types'
import type { View } from './view.js'

/** Runs wg(8). @throws when it fails, with what it said */
export async function wg(args: string[], input = ''): Promise<string> {
  const child = spawn('wg', args)
  child.stdin.on('error', () => {}) // Most of its commands read nothing.
  child.stdin.end(input)
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'close')
  if (child.exitCode === 0) return output
  throw new Error(`wg ${args.join(' ').slice(0, 200)}: ${complaint}`)
}

/** Hands out files, which wg(8) takes secrets from, and removes them behind `body`. */
async function withFiles<T>(body: (write: Write) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-interop-'))
  let count = 0
  try {
    return await body(async (content) => {
      const path = join(directory, `${count++}`)
      await writeFile(path, content, { mode: 0o600 })
      return path
    })
  } finally {
    await rm(directory, { recursive: true })
  }
}

type Write = (content: string) => Promise<string>

/** What `wg show <device> dump` prints. @source wg(8) */
export async function show(name: string): Promise<View> {
  const [device = '', ...peers] = (await wg(['show', name, 'dump'])).trimEnd().split('\n')
  const [privateKey = '', publicKey = '', listenPort, mark = ''] = device.split('\t')
  return {
    privateKey: orNone(privateKey),
    publicKey: orNone(publicKey),
    listenPort: Number(listenPort),
    firewallMark: mark === 'off' ? 0 : Number(mark),
    peers: peers.map(peerOf).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  }
}

function peerOf(line: string): View['peers'][number] {
  const [
    publicKey = '',
    psk = '',
    endpoint = '',
    networks = '',
    handshake,
    received,
    sent,
    keepalive,
  ] = line.split('\t')
  return {
    publicKey,
    presharedKey: orNone(psk),
    endpoint: orNone(endpoint),
    allowedIPs: networks === '(none)' ? [] : networks.split(',').sort(),
    persistentKeepalive: keepalive === 'off' ? 0 : Number(keepalive),
    traffic: [handshake, received, sent].map(Number),
  }
}

const orNone = (field: string): string | undefined => (field === '(none)' ? undefined : field)

/** The file that gives a device this state. @source wg(8), "CONFIGURATION FILE FORMAT EXAMPLE" */
function formatConf(config: DeviceConfig): string {
  const lines = ['[Interface]']
  if (config.privateKey) lines.push(`PrivateKey = ${config.privateKey}`)
  if (config.listenPort !== undefined) lines.push(`ListenPort = ${config.listenPort}`)
  if (config.firewallMark) lines.push(`FwMark = 0x${config.firewallMark.toString(16)}`)
  for (const peer of config.peers ?? []) {
    lines.push('[Peer]', `PublicKey = ${peer.publicKey}`)
    if (peer.presharedKey) lines.push(`PresharedKey = ${peer.presharedKey}`)
    if (peer.endpoint) lines.push(`Endpoint = ${peer.endpoint}`)
    if (peer.persistentKeepalive) lines.push(`PersistentKeepalive = ${peer.persistentKeepalive}`)
    for (const network of peer.allowedIPs ?? []) lines.push(`AllowedIPs = ${network}`)
  }
  return `${lines.join('\n')}\n`
}

/** Replaces the whole state of a device. */
export async function setconf(name: string, config: DeviceConfig): Promise<void> {
  await withFiles(async (write) => wg(['setconf', name, await write(formatConf(config))]))
}

/**
 * Makes the change with `wg set`, which has no updates alone, and knows allowed IPs only as a whole:
 * `allowedIPs` must come with `replaceAllowedIPs`.
 */
export async function set(name: string, config: DeviceConfig): Promise<void> {
  await withFiles(async (write) => {
    const args = ['set', name]
    const { privateKey, listenPort, firewallMark, peers = [] } = config
    if (privateKey !== undefined) args.push('private-key', await keyFile(privateKey, write))
    if (listenPort !== undefined) args.push('listen-port', `${listenPort}`)
    if (firewallMark !== undefined) args.push('fwmark', `${firewallMark ?? 0}`)
    for (const peer of peers) args.push(...(await peerArgs(peer, write)))
    if (args.length > 2) await wg(args)
  })
}

async function peerArgs(peer: PeerConfig, write: Write): Promise<string[]> {
  const { presharedKey, endpoint, persistentKeepalive, replaceAllowedIPs, allowedIPs = [] } = peer
  const args = ['peer', `${peer.publicKey}`]
  if (peer.remove) args.push('remove')
  if (presharedKey !== undefined) args.push('preshared-key', await keyFile(presharedKey, write))
  if (endpoint !== undefined) args.push('endpoint', `${endpoint}`)
  if (persistentKeepalive !== undefined) {
    args.push('persistent-keepalive', `${persistentKeepalive ?? 'off'}`)
  }
  if (replaceAllowedIPs) args.push('allowed-ips', allowedIPs.join(','))
  return args
}

/** An empty file clears a key. */
async function keyFile(key: KeyInput | null, write: Write): Promise<string> {
  return key === null ? '/dev/null' : write(`${key}\n`)
}
