// Brings an interface up, and dies at a step: killed-up.mjs <namespace> <backend> <config as JSON> <step>
import { KernelBackend, open, UserspaceBackend } from 'wgctrl'

const [netns, kind, config, fatal] = process.argv.slice(2)
const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
const wg = await open({ netns, backends: [backend] })
await wg.up(JSON.parse(config), {
  dns: 'netns',
  onStep: ({ step }) => {
    if (step === fatal) process.kill(process.pid, 'SIGKILL')
  },
})
await wg.close()
