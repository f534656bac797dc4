import { generatePresharedKey, generatePrivateKey, publicKey, type SecretKey } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { ip, isolate } from '../contract/harnesses/isolation.js'

/** Two devices that know each other, over loopback. */
export interface Pair extends AsyncDisposable {
  readonly backend: UserspaceBackend
  /** `config`: what a file of its interface would say. */
  readonly alice: Side & { readonly config: string }
  readonly bob: Side
  /** Everything about the devices that nobody may see. */
  readonly secrets: readonly string[]
  /** Bob forgets his session and begins with a handshake. */
  shakeHands(): Promise<void>
  /** Somebody whom Alice may not know begins with a handshake, in Bob's place. */
  callAs(privateKey: SecretKey): Promise<void>
}

interface Side {
  readonly device: string
  readonly publicKey: string
  readonly port: number
}

let count = 0

export async function makePair(): Promise<Pair> {
  await isolate()
  const backend = new UserspaceBackend()
  const number = ++count
  const keys = [generatePrivateKey(), generatePrivateKey()] as const
  const presharedKey = generatePresharedKey()
  const side = (at: 0 | 1, name: string): Side => ({
    device: `wg${name}${number}`,
    publicKey: publicKey(keys[at]),
    port: 52_000 + number * 2 + at,
  })
  const [alice, bob] = [side(0, 'alice'), side(1, 'bob')]
  const peer = (other: Side) => ({
    publicKey: other.publicKey,
    presharedKey,
    endpoint: `127.0.0.1:${other.port}`,
    allowedIPs: [`10.9.${other.port % 256}.0/24`],
    persistentKeepalive: 1,
  })
  const configure = (own: Side, privateKey: SecretKey, other: Side) =>
    backend.configure(own.device, {
      privateKey,
      listenPort: own.port,
      replacePeers: true,
      peers: [peer(other)],
    })
  for (const { device } of [alice, bob]) {
    await backend.create(device)
    await ip('link', 'set', device, 'up')
  }
  await configure(alice, keys[0], bob)
  await configure(bob, keys[1], alice)
  const callAs = async (privateKey: SecretKey): Promise<void> => {
    await backend.configure(bob.device, { peers: [{ publicKey: alice.publicKey, remove: true }] })
    await configure(bob, privateKey, alice)
  }
  const config = [
    '[Interface]',
    `PrivateKey = ${keys[0].toBase64()}`,
    `ListenPort = ${alice.port}`,
    '[Peer]',
    `PublicKey = ${bob.publicKey}`,
    `PresharedKey = ${presharedKey.toBase64()}`,
    `Endpoint = 127.0.0.1:${bob.port}`,
    `AllowedIPs = ${peer(bob).allowedIPs}`,
    'PersistentKeepalive = 1',
  ].join('\n')
  return {
    backend,
    alice: { ...alice, config },
    bob,
    secrets: [...keys, presharedKey].map((key) => key.toBase64()),
    shakeHands: () => callAs(keys[1]),
    callAs,
    async [Symbol.asyncDispose]() {
      for (const { device } of [alice, bob]) await backend.delete(device)
      await backend[Symbol.asyncDispose]()
    },
  }
}
