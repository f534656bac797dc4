import { spawn } from 'node:child_process'

/**
 * @typedef {object} Ended
 * @property {number} status exit code; 1 when it was killed or could not start
 * @property {string} output what it wrote, when it was captured
 * @property {boolean} isLate whether it was killed for exceeding its time
 * @property {number} seconds
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

process.once('exit', killAll)
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => {
    killAll()
    process.exit(1)
  })
}

/**
 * Runs a command in a process group of its own, so that nothing it started outlives it or us.
 * Never fails by itself: the caller reads `status`.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv | undefined, seconds?: number, shown?: boolean }} [options]
 *   `seconds`: what it may take; `shown`: its output is ours, and is not captured
 * @returns {Promise<Ended>}
 */
export function run(command, args, { cwd, env, seconds = 600, shown = false } = {}) {
  const started = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: env ?? process.env,
    detached: true,
    stdio: shown ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  let isLate = false
  const keep = (/** @type {string} */ text) => {
    output += text
  }
  child.stdout?.setEncoding('utf8').on('data', keep)
  child.stderr?.setEncoding('utf8').on('data', keep)
  const timer = setTimeout(() => {
    isLate = true
    killGroup(child)
  }, seconds * 1000)
  return new Promise((resolve) => {
    const end = (/** @type {number} */ status) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ status, output, isLate, seconds: (performance.now() - started) / 1000 })
    }
    child.once('error', (error) => {
      output += `${error.message}\n`
      end(1)
    })
    // What it left running would keep the pipes open.
    child.once('exit', () => killGroup(child))
    child.once('close', (code) => end(code ?? 1))
  })
}

/**
 * Runs a command that has to succeed, and returns what it wrote.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function runWell(command, args, options) {
  const { status, output, isLate } = await run(command, args, options)
  if (status === 0) return output
  const how = isLate ? 'took too long' : `ended with ${status}`
  throw new Error(`${[command, ...args].join(' ')} ${how}:\n${output.trimEnd()}`)
}

/** @param {import('node:child_process').ChildProcess} child */
function killGroup(child) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The whole group has ended.
  }
}

function killAll() {
  for (const child of running) killGroup(child)
}
