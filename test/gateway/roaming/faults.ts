import { slept } from '@wgctrl/types'
import type { UserspaceBackend } from '@wgctrl/uapi'
import type { NatsServer } from '../nats-server.js'
import type { RoamingGateway } from './gateway.js'
import type { Fault } from './sizes.js'
import { clock } from './world.js'

interface FaultContext {
  readonly gateways: readonly RoamingGateway[]
  readonly nats: NatsServer
  readonly backend: UserspaceBackend
  readonly signal: AbortSignal
  /** When a gateway said last that it is there, by the bucket; 0: it does not. */
  seenAt(gateway: RoamingGateway): Promise<number>
}

/** Breaks something, waits, and mends it. @returns milliseconds until the gateways were together again */
export async function suffer(
  fault: Fault,
  gateway: RoamingGateway,
  seconds: number,
  context: FaultContext,
): Promise<number> {
  const { nats, backend, signal } = context
  const wait = (): Promise<boolean> => slept(seconds * 1000, signal)
  if (fault === 'clients') {
    gateway.ready.end()
    await gateway.outer.cut()
    await wait()
    await gateway.outer.mend()
    gateway.ready.begin()
    return 0
  }
  if (fault === 'service' || fault === 'machine') {
    await (fault === 'service' ? gateway.kill() : gateway.lose(backend))
    await wait()
    await gateway.start()
    return 0
  }
  const concerned = fault === 'nats' ? context.gateways : [gateway]
  for (const one of concerned) one.cutOff()
  await (fault === 'nats' ? nats.kill() : gateway.control.cut())
  await wait()
  await (fault === 'nats' ? nats.start() : gateway.control.mend())
  const mended = clock()
  for (const one of concerned) one.reach.begin(mended)
  await Promise.all(concerned.map((one) => together(one, mended, context)))
  return clock() - mended
}

/** Until a gateway tells the others again that it is there. */
async function together(
  gateway: RoamingGateway,
  since: number,
  { seenAt, signal }: FaultContext,
): Promise<void> {
  while ((await seenAt(gateway)) < since) if (!(await slept(25, signal))) return
  gateway.joined.begin()
}
