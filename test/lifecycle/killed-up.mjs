// Brings an interface up, and dies at a step: killed-up.mjs <namespace> <backend> <config> <options> <step>, both as JSON
import { KernelBackend, open, UserspaceBackend } from 'wgctrl'

const [netns, kind, config, options, fatal] = process.argv.slice(2)
const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
const wg = await open({ netns, backends: [backend] })
await wg.up(JSON.parse(config), {
  ...JSON.parse(options),
  onStep: ({ step }) => {
    if (step === fatal) process.kill(process.pid, 'SIGKILL')
  },
})
await wg.close()
