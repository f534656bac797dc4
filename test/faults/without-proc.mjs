import { existsSync } from 'node:fs'
import { KernelBackend, Rtnl } from '@wgctrl/netlink'

const rtnl = await Rtnl.open()
const links = await rtnl.links()
await rtnl.close()
const names = await new KernelBackend().list()
console.log(
  JSON.stringify({ proc: existsSync('/proc/self'), links: links.map(({ name }) => name), names }),
)
