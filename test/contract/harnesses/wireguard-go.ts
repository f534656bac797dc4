import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserspaceBackend } from '@wgctrl/uapi'
import { stopProcess } from '../../stopped-process.js'
import { type Harness, type Stage, type Traits, uniqueName } from '../harness.js'
import { peerKey } from '../samples.js'
import { ip, isolate } from './isolation.js'

/** Where wireguard-go has its sockets; it takes no other place. */
const SOCKET_DIRECTORY = '/var/run/wireguard'

export const wireguardGoTraits: Traits = {
  kind: 'userspace',
  ...new UserspaceBackend().capabilities,
  bindsPorts: true,
  showsPrivateKey: true,
  immediate: false,
  guarded: true,
  findsScopes: true,
  resolvesNames: false,
  hasSockets: true,
  compares: true,
  showsActivity: true,
  lists: true,
  takesLinkNames: false,
  otherLink: 'ENODEV',
  tornReads: false,
  extra: 'EINVAL',
}

/** wireguard-go as it is installed, started by the backend. */
export const wireguardGo: Harness = {
  name: 'wireguard-go',
  traits: wireguardGoTraits,

  async setup(): Promise<Stage> {
    await isolate()
    const subject = new UserspaceBackend()
    const names = new Set<string>()
    const createDevice = async (): Promise<string> => {
      const name = uniqueName()
      names.add(name)
      await subject.create(name)
      await ip('link', 'set', name, 'up')
      return name
    }
    const removeDevice = async (name: string): Promise<void> => {
      const pid = await daemonOf(name)
      if (pid !== undefined) process.kill(pid, 'SIGCONT')
      await subject.delete(name, { removeStale: true }).catch(ignoreMissing)
      names.delete(name)
    }
    return {
      subject,
      another: async () => new UserspaceBackend(),
      createDevice,
      removeDevice,
      async createSilentDevice() {
        const name = await createDevice()
        await stopProcess(await daemonOf(name))
        return name
      },
      socketDir: SOCKET_DIRECTORY,
      async teardown() {
        await Promise.all(Array.from(names, removeDevice))
        await subject[Symbol.asyncDispose]()
      },
    }
  },
}

/**
 * The same with the traits of the daemon that is installed, which has to be asked, as it has no version: that of 2022
 * looks for the link of a scope and forgets it, later ones keep what they were given.
 */
export async function installedWireguardGo(): Promise<Harness> {
  const { subject, createDevice, teardown } = await wireguardGo.setup()
  try {
    const name = await createDevice()
    const peer = { publicKey: peerKey(1), endpoint: '[fe80::1%1]:9' }
    await subject.configure(name, { peers: [peer] })
    const endpointScope = (await subject.device(name)).peers[0]?.endpoint?.scopeId !== undefined
    const scopes = { endpointScope, findsScopes: !endpointScope }
    return { ...wireguardGo, traits: { ...wireguardGoTraits, ...scopes } }
  } finally {
    await teardown()
  }
}

/**
 * The process that serves a device, if there is one: alone, since on a busy machine the program that left it in the
 * background is still there when the device answers.
 */
export async function daemonOf(name: string): Promise<number | undefined> {
  for (;;) {
    const [pid, ...others] = await processesOf(name)
    if (others.length === 0) return pid
    await sleep(10)
  }
}

/** The processes that have the name of a device as the last argument. */
async function processesOf(name: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    const args = command.split('\0').slice(0, -1)
    if (args[0]?.endsWith('wireguard-go') && args.at(-1) === name) found.push(Number(entry))
  }
  return found
}

/** Waits for the end of who served a device whose link somebody else deleted: a daemon, and its socket, go a moment later. */
export async function daemonsGone(name: string): Promise<void> {
  while ((await daemonOf(name)) !== undefined) await sleep(10)
}

/** A device that is gone already, or what a case left in the place of one. */
export function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENODEV') throw error
}
