import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench } from '../../contract/bench.js'
import { kernel } from '../../contract/harnesses/kernel.js'
import { wireguardGo } from '../../contract/harnesses/wireguard-go.js'
import { plainDevice } from '../../contract/plain.js'
import { freePort } from '../../contract/ports.js'
import { state } from '../../interop/arbitraries.js'

const benches = [new Bench(kernel), new Bench(wireguardGo)] as const
beforeAll(async () => {
  for (const bench of benches) await bench.setup()
})
afterAll(async () => {
  for (const bench of benches) await bench.teardown()
})

it('one configuration through both backends gives equal devices', async () => {
  const names = await Promise.all(benches.map((bench) => bench.stage.createDevice()))
  const [left = '', right = ''] = names
  const ports = [await freePort(), await freePort()]
  await fc.assert(
    fc.asyncProperty(state([0]), async (config) => {
      await benches[0].wg.configure(left, { ...config, listenPort: ports[0] })
      await benches[1].wg.configure(right, { ...config, listenPort: ports[1] })
      const [onKernel, onDaemon] = [
        plainDevice(await benches[0].wg.device(left)),
        plainDevice(await benches[1].wg.device(right)),
      ]
      expect(comparable(onKernel)).toEqual(comparable(onDaemon))
      expect([onKernel.kind, onDaemon.kind]).toEqual(['linux-kernel', 'userspace'])
    }),
    { numRuns: 15 },
  )
})

/** Without what differs by declared capability: the scope is not read back from wireguard-go. */
function comparable(device: ReturnType<typeof plainDevice>): object {
  const { name, kind, interfaceIndex, listenPort, ...rest } = device
  const peers = device.peers.map(({ endpoint, ...peer }) => {
    if (!endpoint) return peer
    const { scopeId, ...address } = endpoint
    return { ...peer, endpoint: address }
  })
  return { ...rest, peers }
}
