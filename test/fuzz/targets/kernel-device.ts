import { KernelBackend } from '@wgctrl/netlink'
import { parseCidr } from '@wgctrl/types'
import type { Target } from '../engine/fuzzer.js'
import { framed, fuzzedTransport } from './fuzzed-kernel.js'
import { recordedReplies } from './recordings.js'
import { hold } from './text.js'

/** What a kernel may answer to a get and a set of a device, from the datagram to `Device`. */
export const kernelDevice: Target = {
  name: 'kernel-device',
  words: [Uint8Array.of(20, 0, 3, 0), Uint8Array.of(8, 0, 1, 0), Uint8Array.of(36, 0, 1, 0)],
  seeds: () => {
    const replies = recordedReplies()
    const devices = replies.filter((reply) => reply[4] === 34).map((reply) => [...reply])
    return [
      ...replies.map((reply) => Uint8Array.from(framed(reply))),
      ...devices.map((reply) =>
        Uint8Array.from([...framed(reply), ...framed(reply), ...framed(done)]),
      ),
    ]
  },
  async run(input) {
    const openTransport = (protocol: number) => fuzzedTransport(input, protocol)
    await using backend = new KernelBackend({ openTransport })
    for (const call of [
      () => backend.device('wg0'),
      () => backend.configure('wg0', { listenPort: 1 }),
      () => backend.list(),
    ]) {
      const result = await call().catch(refuseOthers)
      if (!result || Array.isArray(result)) continue
      for (const peer of result.peers) {
        hold(peer.publicKey.length === 44, 'a peer has a key')
        const { endpoint } = peer
        hold(
          !/undefined|NaN/.test(
            `${endpoint?.address} ${endpoint?.port}`.replace(/^undefined undefined$/, ''),
          ),
          'an endpoint is whole',
        )
        for (const cidr of peer.allowedIPs) parseCidr(cidr)
      }
      JSON.stringify(result)
    }
  },
}

/** NLMSG_DONE of a dump that went well. */
const done = Uint8Array.of(20, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

function refuseOthers(error: unknown): undefined {
  if ((error as { operation?: string }).operation !== undefined) return undefined
  throw error
}
