import type { Transport } from '@wgctrl/netlink'
import { FakeKernel, message } from '@wgctrl/netlink/testing'

const WIREGUARD = 34

/** What answers instead of the kernel: the n-th datagram to a request of some type. */
export type Answer = (n: number, sequence: number) => Buffer | undefined

/**
 * A netlink socket that knows its families and answers everything else datagram by datagram, each in a
 * turn of the event loop of its own, as reads of a real socket are.
 */
export function endlessTransport(answer: Answer, protocol = 16): Transport {
  const kernel = new FakeKernel().openTransport(protocol)
  let sequence: number | undefined
  let n = 0
  const next = (into: Uint8Array): number | undefined => {
    if (sequence === undefined) return kernel.receiveSync(into)
    const datagram = answer(n++, sequence)
    if (datagram) into.set(datagram)
    return datagram?.length
  }
  const sendSync = (bytes: Uint8Array): void => {
    const request = Buffer.from(bytes)
    const isFamily = protocol === 16 && request.readUInt16LE(4) === 16
    sequence = isFamily ? undefined : request.readUInt32LE(8)
    n = 0
    if (isFamily) kernel.sendSync(request)
  }
  return {
    sendSync,
    send: async (bytes) => sendSync(bytes),
    receiveSync: next,
    receive: async (into) => {
      await new Promise((resolve) => setImmediate(resolve))
      return next(into)
    },
    close: () => kernel.close(),
  }
}

/** One message of a get-device dump. */
export const deviceMessage = (sequence: number, ...attributes: Uint8Array[]): Buffer =>
  message(WIREGUARD, 2, sequence, Buffer.from([0, 1, 0, 0]), ...attributes)
