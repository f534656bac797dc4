import {
  Connection,
  DeviceWriter,
  FamilyCache,
  NETLINK,
  openNetlinkSocket,
  recordWriter,
  type WgAllowedIp,
  type WgPeer,
} from '@wgctrl/netlink'
import type { WireGuardError } from '@wgctrl/types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench, failure } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'

// What a checked config cannot hold: a program that writes the kernel's own records has nobody who checks them.

const bench = new Bench(kernel)
let connection: Connection
let writer: DeviceWriter

beforeAll(async () => {
  await bench.setup()
  connection = new Connection(await openNetlinkSocket({ protocol: NETLINK.generic }))
  writer = new DeviceWriter(
    { acquire: async () => connection, release: async () => {} },
    new FamilyCache(),
  )
})
afterAll(async () => {
  await connection.close()
  await bench.teardown()
})

/** Of a peer: so many that a hundred and some peers fill a message. */
const NETWORKS = 20

const networksOf = (peer: number): WgAllowedIp[] =>
  Array.from({ length: NETWORKS }, (_, index) => ({
    family: 2,
    ipaddr: Uint8Array.of(10, peer, index, 0),
    cidrMask: 24,
  }))

/** The second message has it. */
const WRONG = 150

const peersWith = (wrong: Partial<WgPeer>): WgPeer[] =>
  Array.from({ length: WRONG + 10 }, (_, index) => ({
    publicKey: new Uint8Array(32).fill(7).fill(index, 0, 1),
    allowedips: networksOf(index),
    ...(index === WRONG && wrong),
  }))

async function refusal(wrong: Partial<WgPeer>): Promise<{ error: WireGuardError; there: number }> {
  const ifname = await bench.newDevice()
  const error = await failure(writer.write({ ifname, peers: peersWith(wrong) }, recordWriter))
  return { error: error as WireGuardError, there: (await bench.read(ifname)).peers.length }
}

it('of a value that the kernel finds as it applies a message: so many peers are there at least', async () => {
  const ipaddr = Uint8Array.of(10, 0, 0, 0)
  const { error, there } = await refusal({ allowedips: [{ family: 2, ipaddr, cidrMask: 33 }] })
  expect(error).toMatchObject({ code: 'EINVAL', appliedPeers: expect.any(Number) })
  expect(error.appliedPeers).toBeGreaterThan(50)
  expect(error.appliedPeers).toBeLessThan(WRONG)
  expect(there).toBe(WRONG + 1)
})

it('of bits that the kernel does not know: none of the message is applied where it names the peer', async () => {
  const { error, there } = await refusal({ flags: 0x80 })
  expect(error.appliedPeers).toBeGreaterThan(50)
  if (error.extendedAck === undefined) {
    expect(there).toBe(WRONG)
    return
  }
  expect(error).toMatchObject({
    code: 'EINVAL',
    path: `peers[${WRONG}]`,
    extendedAck: { message: 'reserved bit set' },
    message: expect.stringContaining(`reserved bit set (peers[${WRONG}]): EINVAL, after `),
  })
  expect(there).toBe(error.appliedPeers)
})
