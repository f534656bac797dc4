import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { Stage } from '../events/stage.js'
import { stopProcess } from '../stopped-process.js'

/** Bytes of the first and the second message of a handshake. */
const [INITIATION, RESPONSE] = [148, 92]

const [ROUNDS, CLIENTS] = [12, 8]

/** Milliseconds for which it is watched what a device sends: no answer comes that would end it. */
const WATCHED = 500

it('has a device that reads its clients late answer them or initiate, and not do both at once', async () => {
  await using stage = await Stage.open()
  await stage.addClients(CLIENTS)
  const knocked = new Set<string>()
  await using gate = await stage.live.justInTime(stage.device, {
    lookup: (key) => {
      knocked.add(key)
      return stage.peerOf(key)
    },
  })
  const daemon = (await daemonOf(stage.device)) as number
  const ofClients = await Promise.all(
    stage.clients.map(async ({ device }) => (await daemonOf(device)) as number),
  )
  const goOn = (): void => {
    for (const pid of [daemon, ...ofClients]) process.kill(pid, 'SIGCONT')
  }
  const sent: number[] = []
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await gate.release(stage.clients.map(({ publicKey }) => publicKey))
      for (const client of stage.clients) await client.forgetSession()
      knocked.clear()
      await stopProcess(daemon)
      const pings = stage.clients.map((client) => client.ping(1))
      while (knocked.size < CLIENTS) await sleep(5)
      // No client answers, or sends anything else: what the device sent is one message for each, or two.
      for (const pid of ofClients) await stopProcess(pid)
      process.kill(daemon, 'SIGCONT')
      sent.push(...(await mostSent(stage)).values())
      goOn()
      await Promise.all(pings)
    }
  } finally {
    goOn()
  }
  const one = sent.filter((bytes) => bytes === INITIATION || bytes === RESPONSE)
  // In one write it was 5 or 6 of 96. Nothing says when a device reads its socket: one or two are no fault.
  expect(sent.length - one.length).toBeLessThan(3)
})

/** The most bytes that the device sent to each of its peers since that was put in, of those that are seen. */
async function mostSent({ backend, device }: Stage): Promise<ReadonlyMap<string, number>> {
  const most = new Map<string, number>()
  let end = Number.POSITIVE_INFINITY
  while (performance.now() < end) {
    const { peers, privateKey } = await backend.device(device)
    privateKey?.wipe()
    for (const { publicKey, transmittedBytes } of peers) {
      if (transmittedBytes > (most.get(publicKey) ?? 0)) most.set(publicKey, transmittedBytes)
    }
    if (most.size === CLIENTS && end === Number.POSITIVE_INFINITY) end = performance.now() + WATCHED
    await sleep(20)
  }
  return most
}
