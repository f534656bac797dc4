import { createSocket } from 'node:dgram'
import { vi } from 'vitest'
import type { Handshakes, Initiation } from '../../packages/wireguard/src/handshakes/handshakes.js'
import type { WatchEvent } from '../../packages/wireguard/src/watch/events.js'
import { type Client, PORT, type Stage } from './stage.js'

/** For what comes about soon, however busy the machine is. */
export const eventually = { timeout: 60_000, interval: 50 }

/** Sends from this host to itself, one after the other. */
export async function send(messages: readonly Uint8Array[], port = PORT): Promise<void> {
  const socket = createSocket('udp4')
  for (const message of messages) {
    await new Promise((resolve) => socket.send(message, port, '127.0.0.1', resolve))
  }
  socket.close()
}

/** Listens, and keeps what it hears until it is ended. */
export async function hearInitiations(handshakes: Handshakes): Promise<Initiation[]> {
  const heard: Initiation[] = []
  await handshakes.start()
  void (async () => {
    for await (const initiation of handshakes) heard.push(initiation)
  })()
  return heard
}

/** Watches all devices and keeps what it hears; from when all that is there was told. */
export async function hearEvents(stage: Stage, interval = 100): Promise<WatchEvent[]> {
  const heard: WatchEvent[] = []
  const watcher = stage.live.watch(undefined, { interval, initial: true })
  void (async () => {
    for await (const event of watcher) heard.push(event)
  })()
  const there = await stage.backend.list()
  await vi.waitFor(() => {
    if (`${presentBy(heard).devices}` !== `${there}`) throw new Error(`not told yet: ${there}`)
  }, eventually)
  return heard
}

/** The devices and peers that are there by what was told. */
export function presentBy(events: readonly WatchEvent[]) {
  const devices = new Set<string>()
  const peers = new Set<string>()
  for (const event of events) {
    if (event.type === 'device-added') devices.add(event.device)
    if (event.type === 'device-removed') devices.delete(event.device)
    if (event.type === 'peer-added') peers.add(event.publicKey)
    if (event.type === 'peer-removed') peers.delete(event.publicKey)
  }
  return { devices: [...devices].sort(), peers: [...peers].sort() }
}

/** The peer of a client, with where the gateway could reach it. */
export const peerOf = (stage: Stage, client: Client, port?: number) => ({
  publicKey: client.publicKey,
  ...stage.peerOf(client.publicKey),
  ...(port && { endpoint: `${client.outerAddress}:${port}` }),
})
