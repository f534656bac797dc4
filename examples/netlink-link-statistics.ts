// Shows what went through each network interface in a second. The few lines of the spec stand here; the kernel's own,
// Documentation/netlink/specs/rt-link.yaml, has all that a link has, and its path can be given instead.
import { setTimeout as sleep } from 'node:timers/promises'
import { openFamily, readSpec } from '@wgctrl/ynl'

const spec = readSpec(`
name: rt-link
protocol: netlink-raw
protonum: 0
definitions:
  - name: ifinfomsg
    type: struct
    members:
      - { name: ifi-family, type: u8 }
      - { name: pad, type: pad, len: 1 }
      - { name: ifi-type, type: u16 }
      - { name: ifi-index, type: s32 }
      - { name: ifi-flags, type: u32 }
      - { name: ifi-change, type: u32 }
  - name: rtnl-link-stats64
    type: struct
    members:
      - { name: rx-packets, type: u64 }
      - { name: tx-packets, type: u64 }
      - { name: rx-bytes, type: u64 }
      - { name: tx-bytes, type: u64 }
attribute-sets:
  - name: link-attrs
    attributes:
      - { name: ifname, type: string, value: 3 }
      - { name: stats64, type: binary, struct: rtnl-link-stats64, value: 23 }
operations:
  enum-model: directional
  list:
    - name: getlink
      attribute-set: link-attrs
      fixed-header: ifinfomsg
      dump:
        request: { value: 18 }
        reply: { value: 16, attributes: [ ifname, stats64 ] }
`)

interface Link {
  ifiIndex: number
  ifname: string
  stats64: { rxPackets: bigint; txPackets: bigint; rxBytes: bigint; txBytes: bigint }
}

const links = await openFamily(process.argv[2] ?? spec)
const before = new Map<number, Link>()
for await (const link of links.dump<Link>('getlink')) before.set(link.ifiIndex, link)
await sleep(1000)
for await (const { ifiIndex, ifname, stats64 } of links.dump<Link>('getlink')) {
  const then = before.get(ifiIndex)?.stats64 ?? stats64
  const [received, sent] = [stats64.rxBytes - then.rxBytes, stats64.txBytes - then.txBytes]
  console.log(
    `${ifname}: ${received} bytes received in a second, ${sent} sent; ${stats64.rxBytes} in all`,
  )
}
await links.close()
