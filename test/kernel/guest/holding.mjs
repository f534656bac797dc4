// Holds a dump of a device open until it is killed, and says so:
//   node holding.mjs DEVICE
import { KernelBackend } from '@wgctrl/netlink'

const stream = new KernelBackend().peers(process.argv[2])
await stream.next()
console.log('held')
setInterval(() => stream, 1000)
