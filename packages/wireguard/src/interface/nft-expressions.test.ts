import { readFileSync } from 'node:fs'
import { Nftables, NLM_F } from '@wgctrl/netlink'
import { batchKernel, fakeTransport, messagesOf } from '@wgctrl/netlink/testing'
import { describe, expect, it } from 'vitest'
import { guardTable } from './firewall-rules.js'
import {
  forwardingTable,
  forwardingTableChanges,
  handOver,
  planForwarding,
} from './forwarding-rules.js'
import { checkInterface } from './interface-config.js'
import { tableChanges } from './nft-expressions.js'
import type { NftChange } from './nft-table.js'
import { nftText } from './nft-text.js'

/** What nft(8) 1.0.6 sent for a text, which stands before it: recorded with strace. */
const recordings = readFileSync(new URL('../../vectors/nft-1.0.6.txt', import.meta.url), 'utf8')
  .split('\n\n')
  .slice(1)
  .map((block) => {
    const lines = block.trim().split('\n')
    const text = lines.filter((line) => !line.startsWith('> ')).map((line) => `${line}\n`)
    const sent = lines.filter((line) => line.startsWith('> ')).map((line) => line.slice(2))
    return { text: text.join(''), sent: Buffer.from(sent.join(''), 'hex') }
  })

/** The messages of a batch, without their sequence numbers and whether they want an answer. */
const shown = (bytes: Buffer): string[] =>
  messagesOf(bytes).map((each) => {
    const message = Buffer.from(each)
    message.fill(0, 8, 12)
    message.writeUInt16LE(message.readUInt16LE(6) & ~NLM_F.ack, 6)
    return message.toString('hex')
  })

const nat = { networks: ['10.8.0.0/24', '10.9.0.0/25', 'fd00:8::/61'], to: 'eth0' }
const forwarding = checkInterface(
  { nat: { ...nat, source: '203.0.113.5' }, betweenClients: false },
  'wg0',
)

const steps: Record<string, NftChange[]> = {
  'a default route of IPv4': [
    { create: guardTable({ name: 'wg0', family: 4, mark: 51820, addresses: ['10.0.0.2'] }) },
  ],
  'a default route of IPv6': [
    { create: guardTable({ name: 'wg0', family: 6, mark: 51820, addresses: ['fd00:9::1'] }) },
  ],
  forwarding: forwardingTableChanges(planForwarding('wg0', forwarding, forwarding.device), [4]),
  'handing over': [handOver(forwardingTable('wg0'), 6)],
}

describe('tableChanges', () => {
  it.each(Object.entries(steps))(
    'sends for %s what nft sends for its text',
    async (_of, changes) => {
      const { sent } = recordings.find(({ text }) => text === nftText(changes)) ?? {}
      const transport = fakeTransport(batchKernel())
      await new Nftables(transport).apply(tableChanges(changes))
      const [bytes = Buffer.alloc(0)] = transport.requests
      expect(shown(bytes)).toEqual(shown(sent ?? Buffer.alloc(0)))
    },
  )
})
