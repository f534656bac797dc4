// node demo.mjs userspace      two devices of wireguard-go
// node demo.mjs linux-kernel   one of the kernel and one of wireguard-go
// node demo.mjs memory REASON  on the in-memory device, saying why
// node demo.mjs fleet FOLDER   gateways that clients roam between; what they have in files is in the folder
// All but that in memory need namespaces of their own, which scripts/demo.mjs makes.
import { demonstrateFleet } from './fleet/fleet.mjs'
import { demonstrateMemory } from './memory.mjs'
import { step } from './say.mjs'
import { demonstrateTunnel } from './tunnel.mjs'

const [what, more = ''] = process.argv.slice(2)
const started = performance.now()
if (what === 'memory') await demonstrateMemory(more)
else if (what === 'fleet') await demonstrateFleet(more)
else await demonstrateTunnel(what === 'linux-kernel' ? 'linux-kernel' : 'userspace')
step(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s`)
