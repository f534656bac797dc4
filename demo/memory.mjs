import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { generatePrivateKey, open, publicKey } from 'wgctrl'
import { amount, step, table } from './say.mjs'

/**
 * What is left of the demo where no real device can be made: the shipped in-memory device behind a
 * real UNIX socket.
 *
 * @param {string} why
 */
export async function demonstrateMemory(why) {
  step(`No real device: ${why}`)
  console.log(
    '   What follows runs on the in-memory device of @wgctrl/uapi/testing, over a real UNIX',
  )
  console.log('   socket. Its traffic is pretended: there is no tunnel.')
  const socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-demo-'))
  const fake = new FakeDevice('wg-demo')
  const server = await FakeUapiServer.listen(join(socketDir, 'wg-demo.sock'), fake)
  const wg = await open({ backends: ['userspace'], socketDir })
  try {
    const peer = publicKey(generatePrivateKey())
    step('Keys and a peer: wg.configure()')
    await wg.configure('wg-demo', {
      privateKey: generatePrivateKey(),
      listenPort: 51820,
      peers: [{ publicKey: peer, endpoint: '127.0.0.1:51821', allowedIPs: ['10.77.0.2/32'] }],
    })
    fake.pretend(peer, {
      lastHandshake: new Date(),
      receivedBytes: 4_321_000,
      transmittedBytes: 1_234_000,
    })
    step('The device as the API sees it: wg.device()')
    const device = await wg.device('wg-demo')
    table(
      ['peer', 'endpoint', 'allowed IPs', 'last handshake', 'received', 'sent'],
      device.peers.map((each) => [
        each.publicKey,
        `${each.endpoint?.address}:${each.endpoint?.port}`,
        each.allowedIPs.join(' '),
        each.lastHandshake?.toISOString() ?? 'never',
        amount(each.receivedBytes),
        amount(each.transmittedBytes),
      ]),
    )
  } finally {
    await wg.close()
    await server[Symbol.asyncDispose]()
    await rm(socketDir, { recursive: true })
  }
}
