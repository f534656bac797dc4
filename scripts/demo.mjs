import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './command.mjs'
import { ensurePackages, isRoot } from './machine.mjs'
import { isolated, isolation } from './namespace.mjs'
import { root } from './packages.mjs'
import { temporaryFolder } from './temporary.mjs'
import { prepareWorkspace } from './workspace.mjs'

const usage = `Usage: npm run demo            two devices with a tunnel between them
       npm run demo -- fleet   gateways that clients roam between`

const needs = [
  ...isolation,
  { package: 'wireguard-go', command: 'wireguard-go', why: 'makes userspace devices' },
  { package: 'iputils-ping', command: 'ping', why: 'sends packets through the tunnel' },
]
const tools = [
  { package: 'wireguard-tools', command: 'wg', why: 'shows the same facts beside ours' },
]
const server = [
  { package: 'nats-server', command: 'nats-server', why: 'is what the gateways know clients by' },
]

const program = join(root, 'demo/demo.mjs')
const [what, ...rest] = process.argv.slice(2)
if (what === 'fleet' && rest.length === 0) await showFleet()
else if (what === undefined) await showTunnels()
else {
  console.error(usage)
  process.exitCode = 1
}

async function showTunnels() {
  await prepareWorkspace()
  const whyNot = await whyNoRealDevices([...needs, ...tools])
  if (whyNot) return await show([process.execPath, program, 'memory', whyNot])
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

async function showFleet() {
  await prepareWorkspace()
  const whyNot = await whyNoRealDevices([...needs, ...server])
  if (whyNot) {
    console.error(`\nThe fleet needs real devices: ${whyNot}`)
    process.exit(1)
  }
  const folder = temporaryFolder(tmpdir(), 'wgctrl-demo-')
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await show(isolated([process.execPath, program, 'fleet', folder]))
}

/** @param {string[]} command */
async function show([command = '', ...args]) {
  const { status } = await run(command, args, { cwd: root, seconds: 400, shown: true })
  if (status !== 0) process.exit(status)
}

/**
 * @param {import('./machine.mjs').Need[]} needs
 * @returns {Promise<string | undefined>}
 */
async function whyNoRealDevices(needs) {
  if (!isRoot()) return 'making one takes root'
  try {
    await ensurePackages(needs)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return undefined
}
