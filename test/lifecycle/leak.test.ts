import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { type InterfaceSettings, reconcile } from '../../packages/wireguard/src/interface/index.js'
import { cases } from './cases.js'
import { LeakWatch } from './leak-watch.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours } from './sides.js'

const kind = await chosenBackend()

/** How often interfaces are changed, taken down and up, and killed at. */
const ROUNDS = Number(process.env.WGCTRL_LEAK_ROUNDS ?? 10)

/** Seeds another run; every run tells its own. */
const SEED = Number(process.env.WGCTRL_LEAK_SEED ?? Date.now() % 2 ** 31)

const base = cases['the default routes of both'] as InterfaceSettings
const [peer] = base.peers ?? []
if (!peer) throw new Error('no peer')

const full = (addresses: string[], more: InterfaceSettings = {}): InterfaceSettings => ({
  ...base,
  addresses,
  ...more,
})

/** All send everything into the tunnel. */
const fullTunnels: InterfaceSettings[] = [
  full(['10.20.0.2/24', 'fd00:9::1/64']),
  full(['10.20.0.3/24', 'fd00:9::1/48']),
  full(['10.20.0.2/24', '10.20.0.3/24']),
  full(['10.20.0.3/24', '10.20.0.2/24', 'fd00:9::2/64'], { firewallMark: 777 }),
  full(['fd00:9::1/64']),
  full([], { mtu: 1300 }),
  full(['10.20.0.3/32'], { firewallMark: 778 }),
  full(['10.20.0.3/16'], {
    peers: [{ ...peer, allowedIPs: ['::/0', '0.0.0.0/0', '10.30.0.0/16', '0.0.0.0/1'] }],
  }),
]

const split = (addresses: string[], ...allowedIPs: string[]): InterfaceSettings => ({
  ...base,
  addresses,
  peers: [{ ...peer, allowedIPs }],
})

/** All send 10.20.0.77 into the tunnel, by a default route, a route of its own, or a network of the link. */
const splitTunnels: InterfaceSettings[] = [
  split(['10.20.0.2/24'], '10.20.0.0/24'),
  split(['10.20.0.3/24'], '10.20.0.77/32'),
  split(['10.7.0.1/32'], '10.20.0.0/16'),
  split([], '10.20.0.77/32'),
  split(['10.7.0.1/32'], '0.0.0.0/0', '::/0'),
  split(['10.20.0.3/16', '10.20.0.2/24'], '10.20.0.0/24'),
]

/** What happens before each reconcile; ten rounds have all of it. */
const events = [
  'crash',
  'nothing',
  'restart',
  'crash',
  'nothing',
  'nothing',
  'crash',
  'nothing',
  'nothing',
  'nothing',
]

/** A sequence that looks random and is the same for each seed. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = 1 + (seed % 2147483646); ; ) {
    state = (state * 48271) % 2147483647
    yield state
  }
}

describe(`what leaves in clear in ${ROUNDS} rounds, on devices of kind ${kind} (seed ${SEED})`, () => {
  const ways: [string, InterfaceSettings[], string[]][] = [
    [
      'nothing for a default route in reconciles, crashes and restarts',
      fullTunnels,
      ['203.0.113.1', '2001:db8:ffff::1'],
    ],
    [
      'nothing for a network in the tunnel in reconciles, crashes and restarts',
      splitTunnels,
      ['10.20.0.77'],
    ],
  ]
  for (const [title, configs, addresses] of ways) {
    it(title, async () => {
      await using namespace = await TestNamespace.create('wgctrl-leak')
      await namespace.run('sysctl', '-qw', 'net.ipv4.conf.all.promote_secondaries=0')
      await using ours = await Ours.in(namespace, kind)
      await using watch = await LeakWatch.in(namespace, ...addresses)
      const random = numbers(SEED)
      const pick = (): InterfaceSettings => configs[random.next().value % configs.length] ?? {}
      const bringUp = async (): Promise<void> => {
        // Seen, as there is no tunnel: this is what it looks like.
        await vi.waitFor(async () => expect((await watch.take()).leaks).toBeGreaterThan(0))
        await ours.bringUp({ name: 'wg0', ...pick() })
        await watch.forget()
      }
      const expectNone = async (): Promise<void> => {
        // On a busy machine the sender may not have had a turn.
        let sent = 0
        while (sent === 0) {
          const seen = await watch.take()
          expect(seen.leaks).toBe(0)
          sent = seen.sent
        }
      }
      await bringUp()
      for (let round = 1; round <= ROUNDS; round++) {
        const event = events[round % events.length]
        if (event === 'restart') {
          await expectNone()
          await ours.bringDown('wg0')
          await bringUp()
        } else if (event === 'crash') {
          await killInTheMiddle(namespace, [pick(), pick(), pick()], random.next().value % 150)
        }
        await reconcile(ours.context, 'wg0', pick())
        await expectNone()
      }
      await ours.bringDown('wg0')
    }, 3_600_000)
  }
})

/** Has another process reconcile, and kills it some milliseconds after it began. */
async function killInTheMiddle(
  { name }: TestNamespace,
  configs: readonly InterfaceSettings[],
  delay: number,
): Promise<void> {
  const program = fileURLToPath(new URL('reconciler.mjs', import.meta.url))
  const args = [program, name, kind, JSON.stringify(configs)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  expect(child.exitCode).toBeNull()
  await sleep(delay)
  child.kill('SIGKILL')
  await ended
}
