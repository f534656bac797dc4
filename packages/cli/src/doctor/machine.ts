import { open, readdir, readFile, stat } from 'node:fs/promises'
import { release } from 'node:os'
import { delimiter, join } from 'node:path'
import { Nftables } from '@wgctrl/netlink'
import { isProgram, reasonWithin, wipeOwnKeys } from '@wgctrl/types'
import { type Device, open as openWireGuard } from 'wgctrl'

/** A device, or why it could not be read. */
export interface SeenDevice {
  readonly name: string
  readonly code?: string
  readonly message?: string
  /** Of a device of the kernel. */
  readonly interfaceIndex?: number
  readonly peers?: number
  /** Of a userspace device: its daemon says that it has no UDP port. */
  readonly hasNoPort?: true
}

/** Whether a way to devices works, and why not. */
interface SeenBackend {
  readonly kind: string
  readonly code?: string
  readonly message?: string
}

export interface SeenDevices {
  readonly backends: readonly SeenBackend[]
  readonly devices: readonly SeenDevice[]
}

/** What the doctor looks at. */
export interface Machine {
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The kernel's release, as uname -r gives it. */
  readonly release: string
  /** `undefined` when it cannot be read. */
  read(path: string): Promise<string | undefined>
  /** Mode bits; `undefined` when there is nothing. */
  mode(path: string): Promise<number | undefined>
  list(path: string): Promise<string[]>
  /** The errno's name when a file cannot be opened for reading and writing. */
  openError(path: string): Promise<string | undefined>
  /** The path of a program. */
  program(name: string): Promise<string | undefined>
  /** The backends that were found, and all devices. */
  devices(): Promise<SeenDevices>
  /** Whether the kernel has nf_tables; `undefined`: it may not be asked. */
  hasNfTables(): Promise<boolean | undefined>
  /** Whether an npm package can be loaded. */
  hasPackage(name: string): Promise<boolean>
}

/** The machine that this runs on. */
export function thisMachine(env: Machine['env']): Machine {
  return {
    platform: process.platform,
    env,
    release: release(),
    read: (path) => readFile(path, 'utf8').catch(() => undefined),
    mode: (path) =>
      stat(path).then(
        ({ mode }) => mode,
        () => undefined,
      ),
    list: (path) => readdir(path).catch(() => []),
    openError,
    program: (name) => findProgram(name, env),
    devices: seeDevices,
    hasNfTables,
    hasPackage: (name) =>
      import(name).then(
        () => true,
        () => false,
      ),
  }
}

async function hasNfTables(): Promise<boolean | undefined> {
  try {
    await (await Nftables.open()).close()
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EUNSUPPORTED' ? false : undefined
  }
}

async function openError(path: string): Promise<string | undefined> {
  try {
    await (await open(path, 'r+')).close()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

/** Where packages put programs for root, which are not in everybody's PATH. */
const FOR_ROOT = ['/usr/local/sbin', '/usr/sbin', '/sbin']

async function findProgram(name: string, env: Machine['env']): Promise<string | undefined> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...folders, ...FOR_ROOT]) {
    const path = join(folder, name)
    if (await isProgram(path)) return path
  }
  return undefined
}

const seen = ({ name, kind, interfaceIndex, listenPort, peers }: Device): SeenDevice => ({
  name,
  ...(kind === 'linux-kernel' &&
    interfaceIndex !== undefined && { interfaceIndex, peers: peers.length }),
  ...(kind === 'userspace' && listenPort === 0 && { hasNoPort: true }),
})

async function seeDevices(): Promise<SeenDevices> {
  try {
    await using wg = await openWireGuard()
    const found = await wg.devices()
    const backends = wg.backends.map((status) =>
      status.available
        ? { kind: status.kind }
        : { kind: status.kind, code: status.reason.code, message: reasonWithin(status.reason) },
    )
    // What is wrong with a whole backend stands with the backends.
    const failed = found.errors.flatMap((error) => {
      const { device: name, code } = error
      return name === undefined ? [] : [{ name, code, message: reasonWithin(error) }]
    })
    for (const device of found) wipeOwnKeys(device)
    return { backends, devices: [...found.map(seen), ...failed] }
  } catch (error) {
    const { code = 'EUNKNOWN', message } = error as NodeJS.ErrnoException
    return { backends: [{ kind: 'any', code, message }], devices: [] }
  }
}
