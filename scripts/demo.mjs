import { join } from 'node:path'
import { run } from './command.mjs'
import { ensurePackages, isRoot } from './machine.mjs'
import { isolated, isolation } from './namespace.mjs'
import { root } from './packages.mjs'
import { prepareWorkspace } from './workspace.mjs'

const needs = [
  ...isolation,
  { package: 'wireguard-go', command: 'wireguard-go', why: 'makes userspace devices' },
  { package: 'wireguard-tools', command: 'wg', why: 'shows the same facts beside ours' },
  { package: 'iputils-ping', command: 'ping', why: 'sends packets through the tunnel' },
]

await prepareWorkspace()
const whyNot = await whyNoRealDevices()
const program = join(root, 'demo/demo.mjs')
if (whyNot) {
  await show([process.execPath, program, 'memory', whyNot])
} else {
  console.log('\n== Two devices of wireguard-go')
  // What lives in namespaces of its own is gone with them, however the demo ends.
  await show(isolated([process.execPath, program, 'userspace']))
  console.log('\n== A device of the kernel and one of wireguard-go, through the same calls')
  console.log('   (in a virtual machine, unless this kernel has WireGuard)')
  const machine = [
    join(root, 'test/kernel/kernel.mjs'),
    '--kernel',
    'auto',
    '--timeout',
    '300',
    '--',
  ]
  await show([process.execPath, ...machine, process.execPath, program, 'linux-kernel'])
}

/** @param {string[]} command */
async function show([command = '', ...args]) {
  const { status } = await run(command, args, { cwd: root, seconds: 400, shown: true })
  if (status !== 0) process.exit(status)
}

/** @returns {Promise<string | undefined>} */
async function whyNoRealDevices() {
  if (!isRoot()) return 'making one takes root'
  try {
    await ensurePackages(needs)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return undefined
}
