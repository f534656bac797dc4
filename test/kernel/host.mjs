import { execFile as execFileWithCallback } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { promisify } from 'node:util'
import { MachineError } from './machine.mjs'
import { installRequirements } from './requirements.mjs'
import { startBound, stop } from './supervise.mjs'

const execFile = promisify(execFileWithCallback)

/**
 * Namespaces of its own: nothing reaches a real network, `ip netns` and daemons leave nothing behind,
 * and all processes end with the first one.
 */
const isolate = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
]

const script = `
exec 2>&1
mount -t sysfs sys /sys
mkdir -p /run/netns /run/wireguard
mount -t tmpfs netns /run/netns
mount -t tmpfs wireguard /run/wireguard
ip link set lo up
status=0
"$@" || status=$?
exit $status
`

/** Whether this machine's own kernel makes WireGuard devices. */
export async function hostHasWireGuard() {
  try {
    await execFile('unshare', [
      ...isolate.slice(1),
      ...['ip', 'link', 'add', 'wgprobe', 'type', 'wireguard'],
    ])
    return true
  } catch {
    return false
  }
}

/**
 * Runs a command against this machine's own kernel, as root in namespaces of its own.
 *
 * @param {object} options as of runInMachine; `memory` has no meaning here
 * @param {import('./supervise.mjs').Defer} defer
 * @returns {Promise<{ status: number, release: string, bootSeconds: number }>}
 * @throws {MachineError} reason 'timeout'
 */
export async function runOnHost({ command, cwd, env, timeout, onOutput }, defer) {
  await installRequirements({ machine: false })
  const release = (await execFile('uname', ['-r'])).stdout.trim()
  const child = startBound([...isolate, 'sh', '-e', '-c', script, 'sh', ...command], {
    cwd,
    env: { HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  defer(() => stop(child))
  child.stdout.on('data', onOutput)
  let late = false
  const limit = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeout * 1000)
  const [status, signal] = await once(child, 'close').finally(() => clearTimeout(limit))
  if (late) throw new MachineError('timeout', `The time limit of ${timeout} s passed.`)
  return { status: status ?? 128 + constants.signals[signal], release, bootSeconds: 0 }
}
