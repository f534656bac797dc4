// node --test test/kernel: boots the machine a dozen times, as root on Debian; about a minute and a half.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { kernels } from './image.mjs'
import { runInKernel } from './run.mjs'

const entry = fileURLToPath(new URL('kernel.mjs', import.meta.url))
const checkout = dirname(dirname(dirname(entry)))

// All run folders of these tests are in here, and their paths are in the command lines of qemu and
// virtiofsd: other machines on this host are not mistaken for ours.
const scratch = mkdtempSync(join(tmpdir(), 'wgctrl-kernel-test-'))
process.env.TMPDIR = scratch
after(() => rmSync(scratch, { recursive: true, force: true }))

/** Runs a shell script in the guest and collects what it prints. */
async function run(script, options = {}) {
  const chunks = []
  const outcome = await runInKernel({
    command: 'sh',
    args: ['-c', script],
    onOutput: (chunk) => chunks.push(chunk),
    timeout: 600,
    ...options,
  })
  return { ...outcome, output: Buffer.concat(chunks).toString() }
}

function start(args) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const collected = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (chunk) => {
      collected[name] += chunk
    })
  }
  return { child, collected, closed: once(child, 'close') }
}

function processesLeft() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => readCommandLine(pid))
    .filter((words) => words.includes(scratch))
}

function readCommandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // gone meanwhile
  }
}

function assertNothingLeft() {
  assert.deepEqual(processesLeft(), [])
  assert.deepEqual(readdirSync(scratch), [])
  const pidFiles = existsSync('/run/virtiofsd') ? readdirSync('/run/virtiofsd') : []
  assert.deepEqual(
    pidFiles.filter((name) => name.includes(scratch.replaceAll('/', '.'))),
    [],
  )
}

/** What was told to end takes what time a busy host gives it. */
async function eventually(check) {
  for (const limit = performance.now() + 60_000; performance.now() < limit; ) {
    try {
      return check()
    } catch {
      await sleep(100)
    }
  }
  check()
}

for (const kernel of kernels) {
  describe(`kernel ${kernel}`, () => {
    it('is what runs, makes WireGuard devices, and brings the exit status back', async () => {
      const script = `
        uname -r
        ip link add wg0 type wireguard && wg show wg0 && ip -details link show wg0
        ping -c 1 -W 2 127.0.0.1 >/dev/null && echo loopback is up
        exit 7`
      const { status, output, release } = await run(script, { kernel })
      assert.equal(status, 7)
      const [first] = output.split('\n')
      assert.equal(first, release)
      if (kernel === 'newest') assert.match(release, /^\d+\.\d+\.\d+\+deb/)
      else assert.ok(release.startsWith(`${kernel}.`), release)
      assert.match(output, /^interface: wg0$/m)
      assert.match(output, /^\s+wireguard /m)
      assert.match(output, /^loopback is up$/m)
      assertNothingLeft()
    })

    it('sees the host read-only, and writes to the results folder alone', async () => {
      const results = mkdtempSync(join(scratch, 'results-'))
      const script = `
        for folder in / /etc /root /var/tmp /lib/modules /run/wgctrl/host/tmp "$WGCTRL_RESULTS/.."; do
          touch "$folder/wgctrl-write" 2>/dev/null && echo "wrote $folder"
        done
        touch test/kernel/wgctrl-write && echo wrote checkout
        cat package.json >"$WGCTRL_RESULTS/package.json"`
      const { status, output } = await run(script, { kernel, results, cwd: checkout })
      assert.equal(status, 0)
      // What is written to /tmp and to the checkout is the guest's own, and gone with it.
      const folders = output.trimEnd().split('\n')
      assert.deepEqual(folders, [`wrote ${results}/..`, 'wrote checkout'])
      assert.deepEqual(readdirSync(results), ['package.json'])
      assert.deepEqual(
        readFileSync(join(results, 'package.json')),
        readFileSync(join(checkout, 'package.json')),
      )
      assert.equal(existsSync(join(scratch, 'wgctrl-write')), false)
      assert.equal(existsSync(join(checkout, 'test/kernel/wgctrl-write')), false)
      rmSync(results, { recursive: true })
      assertNothingLeft()
    })
  })
}

describe('a command in the machine', () => {
  it('is heard while it runs, and ends with 0 when all is well', async () => {
    const arrivals = []
    const onOutput = (chunk) => arrivals.push(chunk.toString())
    const { status } = await run('echo first; sleep 10; echo second >&2', { onOutput })
    assert.equal(status, 0)
    // Heard only at the end it would be one piece.
    assert.deepEqual(arrivals, ['first\n', 'second\n'])
  })

  it('gets its folder, its words and the environment meant for it', async () => {
    const print =
      'process.stdout.write(JSON.stringify([process.cwd(), process.argv.slice(1), process.env]))'
    const words = ["it's", 'a  b', '$HOME', '"', '\\', '', 'ünï', 'two\nlines']
    const chunks = []
    const { status } = await runInKernel({
      command: 'node',
      args: ['-e', print, '--', ...words],
      cwd: join(checkout, 'test'),
      env: { CI: 'true', WGCTRL_TEST: 'a b' },
      onOutput: (chunk) => chunks.push(chunk),
    })
    assert.equal(status, 0)
    const [cwd, args, env] = JSON.parse(Buffer.concat(chunks).toString())
    assert.equal(cwd, join(checkout, 'test'))
    assert.deepEqual(args, words)
    assert.equal(env.CI, 'true')
    assert.equal(env.WGCTRL_TEST, 'a b')
    assert.equal(env.WGCTRL_KERNEL, '6.12')
    assert.equal(env.TMPDIR, undefined)
  })

  it('loses no output, even when a process that it leaves behind holds it open', async () => {
    const { status, output } = await run('sleep 1000 & seq 200000; echo lost >/dev/stdout; exit 3')
    assert.equal(status, 3)
    const lines = output.split('\n')
    assert.equal(lines.length, 200002)
    assert.equal(lines[199999], '200000')
  })

  it('that does not exist ends with 127', async () => {
    const outcome = await run('', { command: 'no-such-command', args: [] })
    assert.equal(outcome.status, 127)
    assert.match(outcome.output, /no-such-command/)
  })

  it("runs on the host's own kernel where that has WireGuard, in namespaces of its own", async () => {
    // The machine is such a host.
    const inner = 'echo $WGCTRL_KERNEL; ip link add wg0 type wireguard; ip netns add inner; exit 5'
    const script = `
      node ${entry} --kernel auto --results /tmp/results -- sh -c '${inner}'; echo status $?
      [ "$(cat /tmp/results/release)" = "$(uname -r)" ] && echo that release
      node ${entry} --kernel host --timeout 2 -- sleep 1000; echo status $?
      ip -brief link show type wireguard; ls /run/netns`
    const { output } = await run(script)
    assert.match(
      output,
      /^host\nstatus 5\nthat release\nkernel: The time limit of 2 s passed.\nstatus 124\n$/,
    )
  })
})

describe('a machine that fails', () => {
  it('panics: says so, with the console', async () => {
    const { child, collected, closed } = start(['--', 'sh', '-c', 'echo c >/proc/sysrq-trigger'])
    await closed
    assert.equal(child.exitCode, 125)
    assert.match(collected.stderr, /^kernel: The kernel panicked while it ran the command\./)
    assert.match(collected.stderr, /Kernel panic - not syncing: sysrq triggered crash/)
    assertNothingLeft()
  })

  it('hangs: is stopped at the time limit', async () => {
    // The limit is for the boot as well, which takes what a busy host gives it.
    const limit = 20 + Math.ceil(3 * (await run('true')).bootSeconds)
    const started = performance.now()
    const { child, collected, closed } = start(['--timeout', `${limit}`, '--', 'sleep', '1000'])
    await closed
    assert.equal(child.exitCode, 124)
    const [line] = collected.stderr.split('\n')
    assert.equal(
      line,
      `kernel: The time limit of ${limit} s passed while it ran the command. The console's last lines:`,
    )
    assert.ok(performance.now() - started < (limit + 120) * 1000)
    assertNothingLeft()
  })

  it('ends without a word: is no success', async () => {
    const { child, collected, closed } = start([
      ...['--', 'sh', '-c', 'echo o >/proc/sysrq-trigger; sleep 1000'],
    ])
    await closed
    assert.equal(child.exitCode, 125)
    assert.match(
      collected.stderr,
      /^kernel: The machine ended while it ran the command and gave no/,
    )
    assertNothingLeft()
  })
})

describe('the runner', () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    it(`leaves nothing behind on ${signal}`, async () => {
      const { child, collected, closed } = start(['--', 'sh', '-c', 'echo running; sleep 1000'])
      while (!collected.stdout.includes('running')) await sleep(50)
      assert.ok(processesLeft().length >= 4)
      child.kill(signal)
      await closed
      assert.equal(child.signalCode, signal)
      await eventually(assertNothingLeft)
    })
  }

  it('leaves no process behind when it is killed', async () => {
    const { child, collected, closed } = start(['--', 'sh', '-c', 'echo running; sleep 1000'])
    while (!collected.stdout.includes('running')) await sleep(50)
    child.kill('SIGKILL')
    await closed
    await eventually(() => assert.deepEqual(processesLeft(), []))
  })

  it('refuses kernels and limits that make no sense', async () => {
    await assert.rejects(run('true', { kernel: '5.10' }), /no such kernel: 5.10/)
    await assert.rejects(run('true', { timeout: Number.NaN }), RangeError)
  })
})
