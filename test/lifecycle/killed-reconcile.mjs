// Reconciles wg0, and dies when steps of a kind are done: killed-reconcile.mjs <namespace> <backend> <settings as JSON> <words of the steps>
import { KernelBackend, open, UserspaceBackend } from 'wgctrl'

const [netns, kind, settings, fatal] = process.argv.slice(2)
const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
const wg = await open({ netns, backends: [backend] })
let wasThere = false
await wg.reconcile('wg0', JSON.parse(settings), {
  onStep: ({ step }) => {
    const isThere = step.includes(fatal)
    if (wasThere && !isThere) process.kill(process.pid, 'SIGKILL')
    wasThere = isThere
  },
})
await wg.close()
