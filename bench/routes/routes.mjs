// A list of 10,000 routes, by a family that was made of the kernel's spec, beside our own table and the clients of others.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../scripts/command.mjs'
import { isolated } from '../../scripts/namespace.mjs'
import { root } from '../../scripts/packages.mjs'
import { kernelSpecs } from '../../test/kernel/specs.mjs'

/** What is promised: medians of one run, as parts of that of another. */
const LIMITS = [
  { of: 'generated', to: 'hand-written', limit: 1.2 },
  { of: 'generated', to: 'pyynl', limit: 0.3 },
  { of: 'generated', to: 'pyroute2', limit: 0.3 },
]

/** Packages of Debian that it takes. */
export const routeNeeds = [
  { package: 'python3', command: 'python3', why: 'runs the clients that ours is compared with' },
  { package: 'python3-yaml', why: "lets the kernel's client read its specs" },
  { package: 'python3-pyroute2', why: 'is what the library is compared with' },
]

/**
 * @param {{ quick?: boolean | undefined }} options
 * @returns {Promise<boolean>} whether all limits were met
 */
export async function benchRoutes({ quick = false }) {
  await kernelSpecs('newest')
  const folder = mkdtempSync(join(tmpdir(), 'wgctrl-routes-'))
  try {
    const output = join(folder, 'routes.json')
    const program = [join(root, 'bench/routes/measure.mjs'), output, ...(quick ? ['--quick'] : [])]
    const [command = '', ...args] = isolated([process.execPath, ...program])
    const { status } = await run(command, args, { cwd: root, seconds: 900, shown: true })
    if (status !== 0) throw new Error(`the measurement ended with ${status}`)
    return report(JSON.parse(readFileSync(output, 'utf8')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {{ routes: number, contenders: Record<string, import('../statistics.mjs').Summary> }} result */
function report({ routes, contenders }) {
  console.log(`a list of ${routes} routes, milliseconds: median, least`)
  for (const [name, { median, least }] of Object.entries(contenders)) {
    console.log(
      `  ${name.padEnd(22)}${median.toFixed(1).padStart(9)}${least.toFixed(1).padStart(9)}`,
    )
  }
  const parts = LIMITS.map(({ of, to, limit }) => {
    const part = (contenders[of]?.median ?? Number.NaN) / (contenders[to]?.median ?? Number.NaN)
    const isMet = part <= limit
    console.log(`${isMet ? 'met' : 'NOT MET'}: ${of} / ${to} ${part.toFixed(2)}, at most ${limit}`)
    return isMet
  })
  return parts.every(Boolean)
}
