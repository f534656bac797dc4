// node demo.mjs userspace      two devices of wireguard-go
// node demo.mjs linux-kernel   one of the kernel and one of wireguard-go
// node demo.mjs memory REASON  on the in-memory device, saying why
// The first two need namespaces of their own, which scripts/demo.mjs makes.
import { demonstrateMemory } from './memory.mjs'
import { step } from './say.mjs'
import { demonstrateTunnel } from './tunnel.mjs'

const [what, whyNot = ''] = process.argv.slice(2)
const started = performance.now()
if (what === 'memory') await demonstrateMemory(whyNot)
else await demonstrateTunnel(what === 'linux-kernel' ? 'linux-kernel' : 'userspace')
step(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s`)
