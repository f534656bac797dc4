import { createServer } from 'node:net'
import { FakeDevice } from '@wgctrl/types/testing'
import { UserspaceBackend } from '@wgctrl/uapi'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { type Harness, type Stage, uniqueName } from '../contract/harness.js'
import { memory } from '../contract/harnesses/memory.js'

/** @source https://www.wireguard.com/xplatform/#windows */
export const pipeOf = (name: string): string =>
  `\\\\.\\pipe\\ProtectedPrefix\\Administrators\\WireGuard\\${name}`

/** The fake of `@wgctrl/uapi/testing` behind named pipes of Windows, where a pipe can be dialled and not listed. */
export const fakePipe: Harness = {
  name: 'fake wireguard-go behind a named pipe',
  traits: {
    ...memory.traits,
    ...new UserspaceBackend().capabilities,
    extra: 'EINVAL',
    endpointScope: true,
    immediate: false,
    lists: false,
  },

  async setup(): Promise<Stage> {
    const subject = new UserspaceBackend()
    const servers = new Map<string, AsyncDisposable>()
    const removeDevice = async (name: string): Promise<void> => {
      await servers.get(name)?.[Symbol.asyncDispose]()
      servers.delete(name)
    }
    return {
      subject,
      another: async () => new UserspaceBackend(),
      async createDevice() {
        const name = uniqueName()
        servers.set(name, await FakeUapiServer.listen(pipeOf(name), new FakeDevice(name)))
        return name
      },
      removeDevice,
      async createSilentDevice() {
        const name = uniqueName()
        servers.set(name, await listenSilently(pipeOf(name)))
        return name
      },
      async teardown() {
        await Promise.all(Array.from(servers.keys(), removeDevice))
        await subject[Symbol.asyncDispose]()
      },
    }
  },
}

async function listenSilently(path: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
