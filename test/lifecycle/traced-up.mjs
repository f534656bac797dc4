// Brings an interface up and down twice, for strace(1) to look at the second time:
// traced-up.mjs <namespace> <backend> <config> <marker>, the config as JSON; no namespace: that of this process. The marker is opened before and after.
import { openSync } from 'node:fs'
import { KernelBackend, open, UserspaceBackend } from 'wgctrl'

const [namespace, kind, config, marker] = process.argv.slice(2)
const netns = namespace || undefined
const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
const wg = await open({ netns, backends: [backend] })
const mark = () => {
  try {
    openSync(marker)
  } catch {
    // There is no such file: it is only to be seen.
  }
}

for (const isSeen of [false, true]) {
  if (isSeen) mark()
  await wg.up(JSON.parse(config))
  await wg.down(JSON.parse(config))
  if (isSeen) mark()
}
await wg.close()
