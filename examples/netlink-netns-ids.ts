// Lists the network namespaces that this one has ids for, and gives an id to another. The kernel has no spec for these
// messages: a few lines are enough.
import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { openFamily, readSpec } from '@wgctrl/ynl'

/** @source linux/net_namespace.h; linux/rtnetlink.h, RTM_NEWNSID and RTM_GETNSID */
const spec = readSpec(`
name: rt-netns
protocol: netlink-raw
protonum: 0
definitions:
  - name: rtgenmsg
    type: struct
    members: [ { name: family, type: u8 }, { name: pad, type: pad, len: 3 } ]
attribute-sets:
  - name: netns
    attributes:
      - { name: nsid, type: s32 }
      - { name: pid, type: u32 }
      - { name: fd, type: u32 }
operations:
  enum-model: directional
  fixed-header: rtgenmsg
  list:
    - name: getnsid
      attribute-set: netns
      do: &get
        request: { value: 90, attributes: [ pid, fd ] }
        reply: { value: 88, attributes: [ nsid ] }
      dump: *get
    - name: newnsid
      attribute-set: netns
      do: { request: { value: 88, attributes: [ nsid, pid, fd ] } }
mcast-groups: { list: [ { name: nsid, value: 28 } ] }
`)

/** What the kernel says of a namespace without one. */
const NONE = -1

const family = await openFamily(spec)
execFileSync('ip', ['netns', 'add', 'example'])
const fd = openSync('/run/netns/example', 'r')

console.log('before:', await family.do('getnsid', { fd }), `(${NONE}: none)`)
await family.do('newnsid', { fd, nsid: 7 })
console.log('now:', await family.do('getnsid', { fd }))
for await (const { nsid } of family.dump('getnsid')) console.log('there is a namespace', nsid)

closeSync(fd)
execFileSync('ip', ['netns', 'delete', 'example'])
await family.close()
