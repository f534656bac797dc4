// Makes the pictures of docs/images anew, of devices that live as long as it takes.
import { join } from 'node:path'
import { run } from './command.mjs'
import { ensurePackages } from './machine.mjs'
import { isolated, isolation } from './namespace.mjs'
import { root } from './packages.mjs'
import { prepareWorkspace } from './workspace.mjs'

await prepareWorkspace()
await ensurePackages([
  ...isolation,
  { package: 'wireguard-go', command: 'wireguard-go', why: 'makes userspace devices' },
  { package: 'iputils-ping', command: 'ping', why: 'sends packets through the tunnels' },
])
const program = [join(root, 'demo/screenshots.mjs'), join(root, 'docs/images')]
const [command = '', ...args] = isolated([process.execPath, ...program])
const { status } = await run(command, args, { cwd: root, seconds: 120, shown: true })
process.exitCode = status
