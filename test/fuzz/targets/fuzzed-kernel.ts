import { NETLINK, type Transport } from '@wgctrl/netlink'
import { FakeKernel, fakeTransport } from '@wgctrl/netlink/testing'

/** Datagrams in one answer; the fake kernel's queue is not what is tested. */
const MOST_DATAGRAMS = 64

/**
 * Answers with what an input says. `u16 length, bytes` makes a datagram; the headers' sequence numbers
 * are those of the request, or nothing of it would be looked at.
 */
export function fuzzedTransport(input: Uint8Array, protocol: number): Transport {
  const kernel = new FakeKernel().openTransport(protocol)
  return fakeTransport((request) => {
    const isFamily = protocol === NETLINK.generic && request.readUInt16LE(4) === 16
    if (!isFamily) return datagrams(input, request.readUInt32LE(8))
    kernel.sendSync(request)
    return drain(kernel)
  })
}

/** A datagram for the inputs above. */
export function framed(datagram: ArrayLike<number> & Iterable<number>): number[] {
  return [datagram.length & 255, datagram.length >> 8, ...datagram]
}

function drain(kernel: Transport): Uint8Array[] {
  const found: Uint8Array[] = []
  for (;;) {
    const buffer = new Uint8Array(4096)
    const length = kernel.receiveSync(buffer)
    if (length === undefined) return found
    found.push(buffer.subarray(0, length))
  }
}

function datagrams(input: Uint8Array, sequence: number): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 0; at + 2 <= input.length && found.length < MOST_DATAGRAMS; ) {
    const length = (input[at] as number) | ((input[at + 1] as number) << 8)
    const datagram = Uint8Array.from(input.subarray(at + 2, at + 2 + length))
    number(datagram, sequence)
    found.push(datagram)
    at += 2 + length
  }
  return found
}

function number(datagram: Uint8Array, sequence: number): void {
  const view = new DataView(datagram.buffer)
  for (let at = 0; at + 16 <= datagram.length; ) {
    view.setUint32(at + 8, sequence, true)
    const length = view.getUint32(at, true)
    if (length < 16 || length > datagram.length) return
    at += (length + 3) & ~3
  }
}
