// Listens to links: node link-listener.mjs NAME. Sends 'listening'; for each loss how the link NAME is now, as a
// list says; and, once NAME has the MTU 1234, what it held before and after. Ends by itself.
import { readdirSync } from 'node:fs'
import { Rtnl, watchLinks } from '@wgctrl/netlink'

const [name] = process.argv.slice(2)
const held = () => ['fd', 'task'].map((kind) => readdirSync(`/proc/self/${kind}`).length)

// The first worker begins threads of the platform, which stay.
await (await watchLinks()).return()
const rtnl = await Rtnl.open()
await rtnl.link(name)
const before = held()
const events = await watchLinks()
process.send('listening')
let heard = 0
let isLost = false
for await (const event of events) {
  if (event.type === 'lost') {
    isLost = true
    const { mtu } = await rtnl.link(name)
    process.send({ lost: { heard, mtu, links: (await rtnl.links()).map((link) => link.name) } })
    continue
  }
  heard++
  if (isLost && event.link.name === name && event.link.mtu === 1234) break
}
process.send({ end: { before, after: held() } })
await rtnl.close()
process.disconnect()
