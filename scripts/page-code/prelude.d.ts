// What the code of a page has been given already.
import type * as all from 'wgctrl'

declare global {
  const wg: all.WireGuard
  const config: all.InterfaceConfig
  const desired: all.DeviceConfig
  const server: all.InterfaceConfig
  const device: all.Device
  const peer: all.Peer
  const publicKey: all.PublicKey
  const privateKey: all.SecretKey
  const peers: all.PeerConfig[]
  const records: { find(publicKey: all.PublicKey): Promise<all.FoundPeer | null> }
  const presharedKey: all.SecretKey
  const text: string
  const key: all.SecretKey
  const used: string[]
  const addresses: string[]
  const endpoint: string
  const names: Map<string, string>
  const response: { write(text: string): void }
  const port: { postMessage(value: unknown): void }
  let saved: all.TrafficRecord | undefined
}
