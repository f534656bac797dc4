import { tiersOf } from './stand-ins.mjs'
import { tiers } from './tiers.mjs'

/** @typedef {import('./tiers.mjs').Tier} Tier */

/**
 * The tiers that a run has: those that are named, else those that its options are about, else all that nobody has to ask
 * for. A kernel that has no tier of its own, as that of the tier `kernel` and the host's, is asked what `kernel` asks.
 *
 * @param {{ all?: boolean, kernel?: string, daemon?: string, tools?: string }} options
 * @param {string[]} named
 */
export function chooseTiers({ all, kernel, daemon, tools }, named) {
  const meant = [
    ...(kernel ? [tierOn(kernel)] : []),
    ...(daemon ? tiersOf('daemon') : []),
    ...(tools ? tiersOf('tools') : []),
  ]
  const wanted = named.length === 0 ? meant : named
  const chosen = tiers.filter(({ name, asked }) =>
    wanted.length > 0 ? wanted.includes(name) : all || !asked,
  )
  if (kernel === undefined) return chosen
  return chosen.map((tier) => (tier.inMachine ? withOptions(tier, { kernel }) : tier))
}

/** @param {string} kernel */
function tierOn(kernel) {
  const own = `kernel-${kernel}`
  return tiers.some(({ name }) => name === own) ? own : 'kernel'
}

/**
 * @param {Tier} tier
 * @param {Partial<import('./tiers.mjs').Run>} more
 * @returns {Tier}
 */
export function withOptions(tier, more) {
  return { ...tier, run: (each, how) => tier.run(each, { ...how, ...more }) }
}
