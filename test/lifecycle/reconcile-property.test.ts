import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type InterfaceSettings, reconcile } from '../../packages/wireguard/src/interface/index.js'
import { anyConfig } from './any-config.js'
import { cases } from './cases.js'
import { TestNamespace } from './namespace.js'
import { type Observation, observe } from './observation.js'
import { chosenBackend, Ours } from './sides.js'

const kind = await chosenBackend()

/** How many pairs of configs; each takes seconds. */
const PAIRS = Number(process.env.WGCTRL_RECONCILE_PAIRS ?? 5)

/** Seeds another run; every run tells its own. */
const SEED = Number(process.env.WGCTRL_RECONCILE_SEED ?? Date.now() % 2 ** 31)

/** An address with two prefix lengths, which is one host to guard. */
const hostTwice: InterfaceSettings = {
  ...cases['the default route of IPv4'],
  addresses: ['10.20.0.3/16', '10.20.0.3/32'],
}

describe(`every reconcile, on devices of kind ${kind} (seed ${SEED})`, () => {
  it.each(['0', '1'])(
    'ends where a fresh up does, with promote_secondaries=%s',
    async (promote) => {
      await fc.assert(
        fc.asyncProperty(anyConfig, anyConfig, async (from, to) => {
          const fresh = await inNamespace(promote, (namespace, ours) =>
            bringUp(namespace, ours, to),
          )
          await inNamespace(promote, async (namespace, ours) => {
            await bringUp(namespace, ours, from)
            await reconcile(ours.context, 'wg0', to)
            expect(withoutEndpoints(await observe(namespace))).toEqual(fresh)
            expect(await reconcile(ours.context, 'wg0', to)).toEqual([])
          })
        }),
        { numRuns: PAIRS, seed: SEED, endOnFailure: true, examples: [[{}, hostTwice]] },
      )
    },
    // Milliseconds: a busy machine takes long over a pair, and there may be many.
    600_000 + PAIRS * 10_000,
  )
})

async function bringUp(
  namespace: TestNamespace,
  ours: Ours,
  settings: InterfaceSettings,
): Promise<Observation> {
  await ours.bringUp({ name: 'wg0', ...settings })
  return withoutEndpoints(await observe(namespace))
}

async function inNamespace<T>(
  promote: string,
  body: (namespace: TestNamespace, ours: Ours) => Promise<T>,
): Promise<T> {
  await using namespace = await TestNamespace.create('wgctrl-any')
  const settings = ['all', 'default'].map((name) => `net.ipv4.conf.${name}.promote_secondaries`)
  await namespace.run('sysctl', '-qw', ...settings.map((each) => `${each}=${promote}`))
  await using ours = await Ours.in(namespace, kind)
  const result = await body(namespace, ours)
  await ours.bringDown('wg0')
  return result
}

/** An endpoint cannot be taken from a peer. */
const withoutEndpoints = (seen: Observation): Observation => ({
  ...seen,
  device: seen.device.map((part) => part.replace(/^Endpoint = .*\n?/m, '').trim()),
  // IPv6 addresses of a link have no order, and each of these rules drops by itself.
  firewall: seen.firewall.replaceAll(
    /(?:^.* daddr .* drop\n)+/gm,
    (rules) => `${rules.trimEnd().split('\n').sort().join('\n')}\n`,
  ),
})
