import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KernelBackend } from '@wgctrl/netlink'
import type { DeviceKind } from '@wgctrl/types'
import { UserspaceBackend } from '@wgctrl/uapi'
import { open, type WireGuard } from 'wgctrl'
import {
  bringDown,
  bringUp,
  type DownOptions,
  type DownResult,
  type InterfaceConfig,
  type UpOptions,
  type UpResult,
} from '../../packages/wireguard/src/interface/index.js'
import type { Machine } from '../../packages/wireguard/src/interface/machine.js'
import { thisMachine } from '../../packages/wireguard/src/interface/this-machine.js'
import { EndpointResolver } from '../../packages/wireguard/src/resolve.js'
import { daemonsGone, ignoreMissing } from '../contract/harnesses/wireguard-go.js'
import { configText } from './config-text.js'
import type { TestNamespace } from './namespace.js'
import { kernelHasWireGuard } from './snapshot.js'

const stubs = fileURLToPath(new URL('stubs', import.meta.url))

/** Which devices are compared: `WGCTRL_BACKEND`, else the kernel's where there are any. */
export async function chosenBackend(): Promise<DeviceKind> {
  const asked = process.env.WGCTRL_BACKEND
  if (asked === 'linux-kernel' || asked === 'userspace') return asked
  if (asked) throw new Error(`WGCTRL_BACKEND is ${asked}: neither linux-kernel nor userspace`)
  return (await kernelHasWireGuard()) ? 'linux-kernel' : 'userspace'
}

/** Puts programs that stand for others before all others. */
export function useStubs(log: string): Disposable {
  process.env.RESOLVCONF_LOG = log
  return usePrograms(stubs)
}

/** Puts a resolvconf before all others that keeps its records in a folder. */
export async function useRecords(): Promise<Disposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-resolvconf-'))
  process.env.RESOLVCONF_RECORDS = folder
  return { folder, ...usePrograms(`${stubs}-with-records`) }
}

/** Puts the programs of a folder before all others. */
export function usePrograms(folder: string): Disposable {
  const { PATH = '' } = process.env
  process.env.PATH = `${folder}${delimiter}${PATH}`
  return {
    [Symbol.dispose]() {
      process.env.PATH = PATH
    },
  }
}

/** One way to bring an interface up and down. */
export interface Side {
  up(config: InterfaceConfig): Promise<void>
  down(config: InterfaceConfig): Promise<void>
  /** What `SaveConfig` saved, line by line. */
  saved(): Promise<string[]>
}

/** wg-quick(8) as it is installed. */
export class WgQuick implements Side, AsyncDisposable {
  readonly #namespace: TestNamespace
  readonly #folder: string
  #file = ''

  private constructor(namespace: TestNamespace, folder: string) {
    this.#namespace = namespace
    this.#folder = folder
  }

  static async in(namespace: TestNamespace): Promise<WgQuick> {
    return new WgQuick(namespace, await mkdtemp(join(tmpdir(), 'wgctrl-wg-quick-')))
  }

  /** What cannot come up is taken back: see `down`. */
  async up(config: InterfaceConfig): Promise<void> {
    await this.learn(config)
    try {
      await this.#namespace.run('wg-quick', 'up', this.#file)
    } catch (error) {
      await daemonsGone(config.name)
      throw error
    }
  }

  /** Writes the file that `down` reads, for an interface that somebody else has brought up. */
  async learn(config: InterfaceConfig): Promise<void> {
    this.#file = join(this.#folder, `${config.name}.conf`)
    await writeFile(this.#file, configText(config))
    await chmod(this.#file, 0o600)
  }

  /** It deletes the link and waits for nothing: the daemon would be in the way of the next one of its name. */
  async down(): Promise<void> {
    await this.#namespace.run('wg-quick', 'down', this.#file)
    await daemonsGone(basename(this.#file, '.conf'))
  }

  async saved(): Promise<string[]> {
    return configLines(await readFile(this.#file, 'utf8'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }
}

/** This library. */
export class Ours implements Side, AsyncDisposable {
  readonly wg: WireGuard
  /** What interfaces are made of; a test may put something else in its place. */
  machine: Machine = thisMachine
  readonly #namespace: TestNamespace
  #saved = ''

  private constructor(namespace: TestNamespace, wg: WireGuard) {
    this.#namespace = namespace
    this.wg = wg
  }

  static async in(namespace: TestNamespace, kind: DeviceKind): Promise<Ours> {
    const netns = namespace.name
    const backend = kind === 'linux-kernel' ? new KernelBackend({ netns }) : new UserspaceBackend()
    return new Ours(namespace, await open({ backends: [backend] }))
  }

  get context() {
    const { wg, machine } = this
    return { wg, resolver: new EndpointResolver(), netns: this.#namespace.name, machine }
  }

  async up(config: InterfaceConfig): Promise<void> {
    await this.bringUp(config, { hooks: 'shell', dns: 'resolvconf' })
  }

  async down(config: InterfaceConfig): Promise<void> {
    await this.bringDown(config, {
      hooks: 'shell',
      dns: 'resolvconf',
      save: (current) => {
        this.#saved = configText(current)
      },
    })
  }

  bringUp(config: InterfaceConfig, options?: UpOptions): Promise<UpResult> {
    return bringUp(this.context, config, options)
  }

  bringDown(target: string | InterfaceConfig, options?: DownOptions): Promise<DownResult> {
    return bringDown(this.context, target, options)
  }

  async saved(): Promise<string[]> {
    return configLines(this.#saved)
  }

  /** What a case that failed left behind would make the next one fail too. */
  async [Symbol.asyncDispose](): Promise<void> {
    const devices = await this.wg.devices()
    for (const { name } of devices) await this.wg.delete(name).catch(ignoreMissing)
    for (const { device } of devices.errors) {
      if (device !== undefined) await this.wg.delete(device, { removeStale: true })
    }
    await this.wg.close()
  }
}

/** Without the address that the kernel made up for a tun link, which wg-quick(8) saves too. */
const configLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Address = fe80:'))
    .sort()
