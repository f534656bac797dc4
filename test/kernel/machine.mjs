import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { acceleration } from './acceleration.mjs'
import { kernelImage } from './image.mjs'
import { findTool, installRequirements } from './requirements.mjs'
import { startShare } from './share.mjs'
import { startLogged, stop } from './supervise.mjs'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const pollMilliseconds = 25
/** Seconds. A boot takes 4, and 40 on a host with eight times as much to do as it can. */
const bootLimit = 120

/** The machine did not bring back an exit status. `console` holds the last lines of its console. */
export class MachineError extends Error {
  name = 'MachineError'

  /**
   * @param {'panic' | 'timeout' | 'silent'} reason
   * @param {string} message
   * @param {string} [console] absent: there was none, the host's own kernel ran
   */
  constructor(reason, message, console) {
    super(
      console === undefined
        ? message
        : `${message} The console's last lines:\n${console || '(none)'}`,
    )
    this.reason = reason
    this.console = console
  }
}

/**
 * Boots a virtual machine and runs one command in it, as root.
 *
 * @param {object} options
 * @param {string} options.kernel one of `kernels` of image.mjs
 * @param {string[]} options.command
 * @param {string} options.cwd
 * @param {Record<string, string>} options.env the command's whole environment
 * @param {string} options.results host folder that the command can write to, at the same path
 * @param {number} options.timeout seconds, boot included
 * @param {string} options.memory as qemu has it: '3G'
 * @param {number} options.processors
 * @param {string} options.words what the kernel's command line has besides, such as 'ipv6.disable=1'
 * @param {(chunk: Buffer) => void} options.onOutput both of the command's streams, as they come
 * @param {import('./supervise.mjs').Defer} defer
 * @returns {Promise<{ status: number, release: string, bootSeconds: number }>}
 * @throws {MachineError}
 */
export async function runInMachine(options, defer) {
  if (process.getuid?.() !== 0) {
    throw new Error('the virtual machine needs root: virtiofsd shows it the files of every user')
  }
  await installRequirements({ machine: true })
  const image = await kernelImage(options.kernel)
  // The guest binds the image's modules over this folder; its root is this root, read-only.
  mkdirSync('/lib/modules', { recursive: true })
  const run = mkdtempSync(join(tmpdir(), 'wgctrl-kernel-'))
  defer(() => rmSync(run, { recursive: true, force: true }))
  writeRunFolder(run, image, options)
  const shares = await Promise.all([
    startShare({ tag: 'root', source: '/', readOnly: true, run, defer }),
    startShare({ tag: 'run', source: run, run, defer }),
    startShare({ tag: 'results', source: options.results, run, defer }),
  ])
  const qemu = startLogged(await qemuCommand(image, shares, run, options), join(run, 'console'))
  defer(() => stop(qemu))
  return { release: image.release, ...(await follow(qemu, run, options)) }
}

function writeRunFolder(run, image, { command, cwd, env, results }) {
  const settings = { modules: image.modules, checkout, results }
  const words = Object.entries({ HOME: '/tmp/home', ...env }).map(
    ([name, value]) => `${name}=${value}`,
  )
  writeFileSync(join(run, 'init'), readFileSync(new URL('init.sh', import.meta.url)), {
    mode: 0o755,
  })
  writeFileSync(
    join(run, 'settings'),
    Object.entries(settings)
      .map(([name, value]) => `${name}=${quote(value)}\n`)
      .join(''),
  )
  writeFileSync(
    join(run, 'command'),
    `cd ${quote(cwd)} || exit 126\nexec env -i ${[...words, ...command].map(quote).join(' ')}\n`,
  )
  writeFileSync(join(run, 'output'), '')
}

function quote(word) {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/**
 * One processor, as a rule: the kernel waits for all of them between two peers that it removes, which
 * emulated processors take 5 ms for. With 5,000 peers a device is gone in 0.3 s instead of 27.
 */
async function qemuCommand(image, shares, run, { memory, processors, words }) {
  const init = join(run, 'init')
  const boot = image.initramfs
    ? `WGCTRL_INIT=${init}`
    : `root=root rootfstype=virtiofs ro init=${init}`
  const { options, kernelOptions } = await acceleration()
  const commandLine = [
    ...['console=ttyS0', 'loglevel=5', 'panic=-1', 'oops=panic', 'mitigations=off', 'nokaslr'],
    ...[...kernelOptions, 'rcupdate.rcu_expedited=1', boot, words],
  ].join(' ')
  return [
    findTool('qemu-system-x86_64'),
    ...options,
    ...['-cpu', 'max', '-smp', String(processors), '-m', memory],
    ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`],
    ...['-numa', 'node,memdev=memory'],
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...shares.flatMap(({ tag, socket }) => [
      ...['-chardev', `socket,id=${tag},path=${socket}`],
      ...['-device', `vhost-user-fs-pci,queue-size=1024,chardev=${tag},tag=${tag}`],
    ]),
    ...['-kernel', image.vmlinuz, '-append', commandLine],
    ...(image.initramfs ? ['-initrd', image.initramfs] : []),
  ]
}

/** Hands on the output while the machine runs, until it reports a status or will not any more. */
async function follow(qemu, run, { timeout, onOutput }) {
  const started = performance.now()
  let over = false
  qemu.once('exit', () => {
    over = true
  })
  const output = openSync(join(run, 'output'), 'r')
  const seconds = () => (performance.now() - started) / 1000
  let bootSeconds
  try {
    for (;;) {
      const limit = bootSeconds === undefined ? Math.min(timeout, bootLimit) : timeout
      const ended = over || seconds() > limit
      if (bootSeconds === undefined && existsSync(join(run, 'started'))) bootSeconds = seconds()
      const status = readStatus(run)
      drain(output, onOutput)
      if (status !== undefined) return { status, bootSeconds }
      if (ended) throw failure(run, over, bootSeconds, limit)
      await sleep(pollMilliseconds)
    }
  } finally {
    closeSync(output)
  }
}

function readStatus(run) {
  const path = join(run, 'status')
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined
}

function drain(file, onOutput) {
  for (;;) {
    const buffer = Buffer.allocUnsafe(65536)
    const length = readSync(file, buffer)
    if (length === 0) return
    onOutput(buffer.subarray(0, length))
  }
}

function failure(run, over, bootSeconds, limit) {
  const text = readFileSync(join(run, 'console'), 'utf8').replaceAll('\r', '')
  const lines = text.trimEnd().split('\n')
  const panic = lines.findIndex((line) => line.includes('Kernel panic'))
  const when = bootSeconds === undefined ? 'before it ran the command' : 'while it ran the command'
  if (panic >= 0) {
    // What led to it comes before; after it come registers and more of the stack than is of use.
    const excerpt = lines.slice(Math.max(panic - 10, 0), panic + 20).join('\n')
    return new MachineError('panic', `The kernel panicked ${when}.`, excerpt)
  }
  const console = lines.slice(-30).join('\n')
  if (over) {
    return new MachineError('silent', `The machine ended ${when} and gave no status.`, console)
  }
  return new MachineError('timeout', `The time limit of ${limit} s passed ${when}.`, console)
}
