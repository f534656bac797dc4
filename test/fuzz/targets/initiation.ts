import { readFileSync } from 'node:fs'
import { Responder } from '../../../packages/wireguard/src/handshakes/noise.js'
import { parseUdpPacket } from '../../../packages/wireguard/src/handshakes/packet.js'
import type { Target } from '../engine/fuzzer.js'
import { hold } from './text.js'

interface Recorded {
  readonly responder: { readonly privateKey: string }
  readonly message: string
}

const recorded: Recorded[] = JSON.parse(
  readFileSync(new URL('../../vectors/initiations.json', import.meta.url), 'utf8'),
)
const responders = recorded.map(({ responder }) => new Responder(responder.privateKey))

/** IPv4 and UDP without options: enough for the reader of packets. */
function packetOf(message: Uint8Array): Uint8Array {
  const packet = new Uint8Array(28 + message.length)
  const length = (at: number, value: number): void => packet.set([value >> 8, value & 255], at)
  packet.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 0x12, 0x34])
  length(2, packet.length)
  length(22, 51820)
  length(24, 8 + message.length)
  packet.set(message, 28)
  return packet
}

/** Packets off the wire: anybody can send them. The first byte says whose initiation it might be. */
export const initiation: Target = {
  name: 'initiation',
  words: [Uint8Array.of(1, 0, 0, 0), Uint8Array.of(0x45), Uint8Array.of(0x60, 0, 0, 0)],
  seeds: () =>
    recorded.flatMap(({ message }, index) => {
      const bytes = Buffer.from(message, 'hex')
      const six = Uint8Array.from([0x60, 0, 0, 0, 0, 156, 17, 64, ...new Array(32).fill(1)])
      const udp = packetOf(bytes).subarray(20)
      return [
        Uint8Array.from([index, ...bytes]),
        Uint8Array.from([index, ...packetOf(bytes)]),
        Uint8Array.from([index, ...six, ...udp]),
      ]
    }),
  run(input) {
    const responder = responders[(input[0] ?? 0) % responders.length] as Responder
    const packet = input.subarray(1)
    const udp = parseUdpPacket(packet)
    if (udp) {
      const { payload, source } = udp
      hold(payload.length <= packet.length, 'a payload is part of its packet')
      hold(source.port > 0 && !/undefined|NaN/.test(source.address), 'a source is whole')
    }
    for (const message of [packet, udp?.payload]) {
      if (!message) continue
      const isMeant = responder.hasMac1(message)
      const opened = message.length === 148 ? responder.open(message) : undefined
      if (opened) hold(isMeant || opened.publicKey.length === 44, 'a sender has a key')
      if (opened) hold(opened.timestamp.length === 12, 'a timestamp is TAI64N')
    }
  },
}
