// Brings wg0 of a namespace to one config after the other, until somebody kills it.
import { KernelBackend } from '@wgctrl/netlink'
import { UserspaceBackend } from '@wgctrl/uapi'
import { open } from 'wgctrl'

const [netns, kind, text] = process.argv.slice(2)
const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
const wg = await open({ backends: [backend], netns })
const configs = JSON.parse(text)
process.stdout.write('ready\n')
for (let at = 0; ; at = (at + 1) % configs.length) await wg.reconcile('wg0', configs[at])
