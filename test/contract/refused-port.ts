import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Backend } from '@wgctrl/types'
import { expect, onTestFinished } from 'vitest'
import { failure } from './bench.js'
import { uniqueName } from './harness.js'
import { ip } from './harnesses/isolation.js'
import { freePort, takenPort } from './ports.js'
import { keyPair } from './samples.js'

const run = promisify(execFile)

const ENDS = [
  { outside: '10.91.0.1', inside: '10.92.0.1' },
  { outside: '10.91.0.2', inside: '10.92.0.2' },
] as const

/**
 * Asks a device for a port that is taken, and expects that somebody in another network namespace reaches it on the
 * port that it had: a handshake, and packets through the tunnel.
 */
export async function expectOldPortToAnswer(
  makeBackend: (netns?: string) => Backend,
): Promise<void> {
  const netns = uniqueName()
  await ip('netns', 'add', netns)
  onTestFinished(async () => void (await ip('netns', 'delete', netns)))
  const cable = uniqueName()
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', cable, 'netns', netns)
  onTestFinished(async () => void (await ip('link', 'delete', cable)))
  const port = await freePort()
  const names = [uniqueName(), uniqueName()] as const
  for (const [index, end] of ENDS.entries()) {
    const there = ENDS[1 - index] as (typeof ENDS)[number]
    const place = index === 0 ? [] : ['-n', netns]
    const name = names[index] as string
    const backend = makeBackend(index === 0 ? undefined : netns)
    await ip(...place, 'address', 'add', `${end.outside}/30`, 'dev', cable)
    await ip(...place, 'link', 'set', cable, 'up')
    await backend.create?.(name, index === 0 ? {} : { netns })
    onTestFinished(async () => {
      await backend.delete?.(name)
      await backend[Symbol.asyncDispose]()
    })
    const peer = {
      publicKey: keyPair(2 - index).publicKey,
      endpoint: `${there.outside}:${port}`,
      allowedIPs: [`${there.inside}/32`],
    }
    const { privateKey } = keyPair(index + 1)
    await backend.configure(name, { privateKey, listenPort: port, peers: [peer] })
    await ip(...place, 'address', 'add', `${end.inside}/24`, 'dev', name)
    await ip(...place, 'link', 'set', name, 'up')
  }
  await using backend = makeBackend()
  await using taken = await takenPort()
  for (let round = 0; round < 2; round++) {
    const call = backend.configure(names[0], { listenPort: taken.port })
    expect(await failure(call)).toMatchObject({ code: 'EADDRINUSE' })
  }
  expect((await backend.device(names[0])).peers[0]?.lastHandshake).toBeUndefined()
  const ping = ['ping', '-c', '3', '-i', '0.2', '-W', '60', ENDS[0].inside]
  await run('ip', ['netns', 'exec', netns, ...ping])
  const { listenPort, peers } = await backend.device(names[0])
  expect(listenPort).toBe(port)
  expect(peers[0]?.lastHandshake).toBeInstanceOf(Date)
}
