import { styleText } from 'node:util'
import type { Run } from '../command.js'
import { visible, visibleJson } from '../visible-text.js'
import type { Finding, Verdict } from './finding.js'
import { checkKernel } from './kernel.js'
import { type Machine, thisMachine } from './machine.js'
import { checkSurroundings } from './surroundings.js'
import { checkThreads } from './threads.js'
import { checkDevices, checkPorts, checkUserspace } from './userspace.js'

export const runDoctor: Run = async ({ options }, io) => {
  const findings = await examine(thisMachine(io.env))
  if (options['json']) io.stdout.write(`${visibleJson(JSON.stringify({ findings }, null, 2))}\n`)
  else io.stdout.paint(report(findings, io.stdout.isTTY && !io.env['NO_COLOR']))
  return exitStatus(findings)
}

/** Everything that can be found out. */
export async function examine(machine: Machine): Promise<Finding[]> {
  const kernel = await checkKernel(machine)
  const hasModule = kernel.some(({ id, verdict }) => id === 'kernel-module' && verdict === 'ok')
  const seen = machine.devices()
  const others = [
    checkUserspace(machine),
    seen.then((all) => checkDevices(all, hasModule)),
    seen.then(({ devices }) => checkPorts(machine, devices)),
    seen.then(({ devices }) => checkThreads(machine, devices)),
    checkSurroundings(machine),
  ]
  return [...kernel, ...(await Promise.all(others)).flat()]
}

export const exitStatus = (findings: readonly Finding[]): number =>
  findings.some(({ verdict }) => verdict === 'missing') ? 1 : 0

const STYLES = { ok: 'green', note: 'yellow', missing: 'red' } as const

const WIDTH = Math.max(...Object.keys(STYLES).map((word) => word.length))

/** A line for each finding, what to do below it. */
export function report(findings: readonly Finding[], hasColor: boolean): string {
  const mark = (verdict: Verdict): string => {
    const word = verdict.padEnd(WIDTH)
    return hasColor ? styleText(STYLES[verdict], word, { validateStream: false }) : word
  }
  const lines = findings.flatMap(({ verdict, text, advice }) => [
    `${mark(verdict)}  ${visible(text)}`,
    ...(advice === undefined ? [] : [`${' '.repeat(WIDTH)}  → ${visible(advice)}`]),
  ])
  return lines.map((line) => `${line}\n`).join('')
}
