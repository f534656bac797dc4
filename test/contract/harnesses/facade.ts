import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend, DeviceKind } from '@wgctrl/types'
import { MemoryBackend } from '@wgctrl/types/testing'
import { connect, open, serve, type WireGuard, type WireGuardClient } from 'wgctrl'
import type { Harness, Stage, Subject } from '../harness.js'

/** The same devices, asked through the facade. */
export const facadeOver = (below: Harness): Harness => harnessOf(below.name, below, [])

/** The same devices, behind a backend that has none and is asked first. */
export const facadeBehindAnother = (below: Harness): Harness =>
  harnessOf(`an empty backend and ${below.name}`, below, [new MemoryBackend('linux-kernel')])

/** The same devices, asked through a client of a server of the facade. */
export const remoteOver = (below: Harness): Harness => ({
  ...harnessOf(below.name, below, [], servedBy),
  name: `remote facade over ${below.name}`,
})

/** Makes a client of what a client of this process is given. */
type Reach = (wg: WireGuard) => Promise<WireGuardClient>

const directly: Reach = async (wg) => wg

async function servedBy(wg: WireGuard): Promise<WireGuardClient> {
  const folder = mkdtempSync(join(tmpdir(), 'served-'))
  const path = join(folder, 'wg.sock')
  const server = await serve(wg, path, {
    allow: { calls: ['read', 'interface', 'programs'], secrets: true },
  })
  const client = await connect(path)
  const { close } = client
  client.close = async () => {
    await close.call(client)
    await server.close()
    rmSync(folder, { recursive: true })
  }
  return client
}

const harnessOf = (
  name: string,
  below: Harness,
  first: Backend[],
  reach: Reach = directly,
): Harness => ({
  name: `facade over ${name}`,
  traits: { ...below.traits, resolvesNames: true, compares: false, showsActivity: false },

  async setup(): Promise<Stage> {
    const stage = await below.setup()
    const clients: Pick<WireGuardClient, 'close'>[] = []
    const openOver = async (backend: Subject): Promise<Subject> => {
      const wg = await open({ backends: [...first, backend as Backend] })
      const client = await reach(wg)
      clients.push({
        close: async () => {
          await client.close()
          await wg.close()
        },
      })
      return subjectOf(client, below.traits.kind)
    }
    return {
      ...stage,
      subject: await openOver(stage.subject),
      another: async () => openOver(await stage.another()),
      async teardown() {
        await Promise.all(clients.map((wg) => wg.close()))
        await stage.teardown()
      },
    }
  },
})

/** The facade has no list of names: they are those of the devices and of those that failed. */
function subjectOf(wg: WireGuardClient, kind: DeviceKind): Subject {
  return {
    async list(options) {
      const devices = await wg.devices(options)
      const failed = devices.errors.flatMap((error) => error.device ?? [])
      for (const error of devices.errors) if (error.feature === 'list') throw error
      return [...devices.map((device) => device.name), ...failed].sort()
    },
    device: (name, options) => wg.device(name, options),
    peers: (name, options) => wg.peers(name, options),
    configure: (name, config, options) => wg.configure(name, config, options),
    create: (name, options) => wg.create(name, { ...options, backend: kind }),
    delete: (name, options) => wg.delete(name, options),
    sync: (name, desired, options) => wg.sync(name, desired, options),
  }
}
