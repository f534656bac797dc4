import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'

/**
 * @typedef {(step: () => unknown) => void} Defer Takes a step to be done at the end; what it returns is
 *   awaited where there is time for that.
 */

/**
 * Runs `work` and then, in reverse order, everything it deferred: when it returns, throws, when the
 * process exits meanwhile, and on SIGINT, SIGTERM and SIGHUP, which take their usual course after.
 *
 * @template T
 * @param {(defer: Defer) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withCleanup(work) {
  const steps = []
  const cleanUp = () => {
    while (steps.length > 0) steps.pop()()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const stopListening = () => {
    for (const signal of signals) process.off(signal, onSignal)
    process.off('exit', cleanUp)
  }
  const onSignal = (signal) => {
    cleanUp()
    stopListening()
    process.kill(process.pid, signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('exit', cleanUp)
  try {
    return await work((step) => steps.push(step))
  } finally {
    while (steps.length > 0) await steps.pop()()
    stopListening()
  }
}

/**
 * Starts a program that the kernel kills should this process die without a chance to do so itself.
 *
 * @param {string[]} command
 * @param {import('node:child_process').SpawnOptions} options
 */
export function startBound(command, options) {
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...command], options)
}

/**
 * The same, without input, and with both output streams in the file `log`.
 *
 * @param {string[]} command
 * @param {string} log
 */
export function startLogged(command, log) {
  const file = openSync(log, 'a')
  try {
    return startBound(command, { stdio: ['ignore', file, file] })
  } finally {
    closeSync(file)
  }
}

/**
 * Kills a child; the promise is for when it is gone.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
