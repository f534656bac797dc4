import {
  Connection,
  DeviceWriter,
  FamilyCache,
  NETLINK,
  openNetlinkSocket,
  recordWriter,
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

/** More than one message has, of which one is wrong in the second. */
const WRONG = 1800
const peersWith = (wrong: Partial<WgPeer>): WgPeer[] =>
  Array.from({ length: WRONG + 100 }, (_, index) => {
    const publicKey = new Uint8Array(32).fill(7)
    new DataView(publicKey.buffer).setUint32(0, index)
    return { publicKey, ...(index === WRONG && wrong) }
  })

async function refusal(wrong: Partial<WgPeer>): Promise<{ error: WireGuardError; there: number }> {
  const ifname = await bench.newDevice()
  const error = await failure(writer.write({ ifname, peers: peersWith(wrong) }, recordWriter))
  return { error: error as WireGuardError, there: (await bench.read(ifname)).peers.length }
}

it('of a value that the kernel finds as it applies a message: so many peers are there at least', async () => {
  const ipaddr = Uint8Array.of(10, 0, 0, 0)
  const { error, there } = await refusal({ allowedips: [{ family: 2, ipaddr, cidrMask: 33 }] })
  expect(error).toMatchObject({ code: 'EINVAL', appliedPeers: expect.any(Number) })
  expect(error.appliedPeers).toBeGreaterThan(1000)
  expect(error.appliedPeers).toBeLessThan(WRONG)
  expect(there).toBe(WRONG + 1)
})

it('of bits that the kernel does not know: none of the message is applied where it names the peer', async () => {
  const { error, there } = await refusal({ flags: 0x80 })
  expect(error.appliedPeers).toBeGreaterThan(1000)
  if (error.extendedAck === undefined) {
    expect(there).toBe(WRONG + 1)
    return
  }
  expect(error).toMatchObject({
    code: 'EINVAL',
    path: `peers[${WRONG}]`,
    extendedAck: { message: 'reserved bit set', allowed: 'bits 0x7' },
    message: expect.stringContaining(
      `reserved bit set (peers[${WRONG}]), allowed: bits 0x7: EINVAL, after `,
    ),
  })
  expect(there).toBe(error.appliedPeers)
})
