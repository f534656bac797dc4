import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FakeDevice } from '@wgctrl/types/testing'
import { UserspaceBackend } from '@wgctrl/uapi'
import { type FakeImplementation, FakeUapiServer } from '@wgctrl/uapi/testing'
import { type Harness, type Stage, uniqueName } from '../harness.js'
import { wireguardGoTraits } from './wireguard-go.js'

const launcher = fileURLToPath(new URL('launcher.mjs', import.meta.url))

/** The fake of `@wgctrl/uapi/testing` behind real UNIX sockets. */
export const fakeSocket = (implementation: FakeImplementation): Harness => ({
  name: `fake ${implementation}`,
  traits: {
    ...wireguardGoTraits,
    bindsPorts: false,
    showsPrivateKey: implementation !== 'boringtun',
    compares: implementation !== 'boringtun',
    findsScopes: implementation === 'wireguard-go-2022',
    endpointScope: implementation !== 'wireguard-go-2022',
  },

  async setup(): Promise<Stage> {
    const socketDir = await mkdtemp(join(tmpdir(), 'wgctrl-contract-'))
    const pathOf = (name: string): string => join(socketDir, `${name}.sock`)
    const servers = new Map<string, AsyncDisposable>()
    const serve = async (name: string): Promise<void> => {
      const device = new FakeDevice(name)
      servers.set(name, await FakeUapiServer.listen(pathOf(name), device, implementation))
    }
    const launches = await serveLaunches(join(socketDir, 'launches'), serve)
    const daemon = [process.execPath, launcher, join(socketDir, 'launches')] as const
    const subject = new UserspaceBackend({ socketDir, daemon })
    const createDevice = async (): Promise<string> => {
      const name = uniqueName()
      await serve(name)
      return name
    }
    const removeDevice = async (name: string): Promise<void> => {
      await servers.get(name)?.[Symbol.asyncDispose]()
      servers.delete(name)
      await rm(pathOf(name), { force: true })
    }
    return {
      subject,
      another: async () => new UserspaceBackend({ socketDir, daemon }),
      createDevice,
      removeDevice,
      async createSilentDevice() {
        const name = uniqueName()
        servers.set(name, await listenSilently(pathOf(name)))
        return name
      },
      socketDir,
      async teardown() {
        await Promise.all(Array.from(servers.keys(), removeDevice))
        await subject[Symbol.asyncDispose]()
        launches.close()
        await rm(socketDir, { recursive: true })
      },
    }
  },
})

/** Lets {@link launcher}, which the backend starts as the daemon, have a fake started in this process. */
async function serveLaunches(
  path: string,
  serve: (name: string) => Promise<void>,
): Promise<Server> {
  const server = createServer((socket) => {
    socket.once('data', (name) => {
      serve(name.toString()).then(
        () => socket.end('0'),
        (error: Error) => socket.end(error.message),
      )
    })
  })
  server.listen(path)
  await once(server, 'listening')
  return server
}

async function listenSilently(path: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.on('error', () => {}))
  server.listen(path)
  await once(server, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
