// Lists the connections that the kernel tracks for NAT and firewalls, with where answers to each come from.
import { openFamily, readSpec } from '@wgctrl/ynl'

/** @source linux/netfilter/nfnetlink_conntrack.h; types of messages have the subsystem, 1, in the upper byte */
const spec = readSpec(`
name: conntrack
protocol: netlink-raw
protonum: 12
definitions:
  - name: nfgenmsg
    type: struct
    members:
      - { name: nfgen-family, type: u8 }
      - { name: version, type: u8 }
      - { name: res-id, type: u16, byte-order: big-endian }
  - name: protocol
    type: enum
    entries: [ { name: icmp, value: 1 }, { name: tcp, value: 6 }, { name: udp, value: 17 } ]
attribute-sets:
  - name: conntrack
    attributes:
      - { name: tuple-orig, type: nest, nested-attributes: tuple, value: 1 }
      - { name: tuple-reply, type: nest, nested-attributes: tuple }
      - { name: timeout, type: u32, byte-order: big-endian, value: 7 }
  - name: tuple
    attributes:
      - { name: ip, type: nest, nested-attributes: addresses, value: 1 }
      - { name: proto, type: nest, nested-attributes: ports }
  - name: addresses
    attributes:
      - { name: src4, type: binary, display-hint: ipv4, value: 1 }
      - { name: dst4, type: binary, display-hint: ipv4 }
      - { name: src6, type: binary, display-hint: ipv6 }
      - { name: dst6, type: binary, display-hint: ipv6 }
  - name: ports
    attributes:
      - { name: num, type: u8, enum: protocol, value: 1 }
      - { name: src-port, type: u16, byte-order: big-endian }
      - { name: dst-port, type: u16, byte-order: big-endian }
operations:
  enum-model: directional
  fixed-header: nfgenmsg
  list:
    - name: get
      attribute-set: conntrack
      dump:
        request: { value: 257 }
        reply: { value: 256, attributes: [ tuple-orig, tuple-reply, timeout ] }
`)

interface Tuple {
  ip: { src4?: string; dst4?: string; src6?: string; dst6?: string }
  proto: { num: string | number; srcPort?: number; dstPort?: number }
}

interface Connection {
  tupleOrig: Tuple
  tupleReply: Tuple
  /** Seconds until it is forgotten. */
  timeout?: number
}

const way = ({ ip, proto: { srcPort = 0, dstPort = 0 } }: Tuple): string =>
  `${ip.src4 ?? ip.src6} ${srcPort} -> ${ip.dst4 ?? ip.dst6} ${dstPort}`

const family = await openFamily(spec)
let count = 0
for await (const { tupleOrig, tupleReply, timeout } of family.dump<Connection>('get')) {
  count++
  console.log(`${tupleOrig.proto.num} ${way(tupleOrig)}, answered ${way(tupleReply)}, ${timeout} s`)
}
// Only where a rule of the firewall asks for the state of connections, as NAT does.
if (count === 0) console.log('no connection is tracked in this network namespace')
await family.close()
