import type { PublicKey, WireGuardDialect } from '@wgctrl/types'
import { type ConfigFile, readConfigFile } from 'wgctrl'
import { fileOptions, type Globals } from '../globals.js'
import { visible } from '../visible-text.js'

/** A file whose names could not be read. */
export interface NamesProblem {
  readonly file: string
  readonly error: Error
}

type OpenConfig = (path: string) => Promise<ConfigFile>

/** Reads config files as the command line says that they are trusted. */
export const configReader =
  (globals: Pick<Globals, 'trust' | 'dialect'> = { trust: {} }): OpenConfig =>
  (path) =>
    readConfigFile(path, fileOptions(globals))

/** Where wg-quick(8) and awg-quick(8) have the configs of devices. @source amneziawg-tools, src/wg-quick/linux.bash */
const FOLDERS: Readonly<Record<WireGuardDialect, string>> = {
  wireguard: '/etc/wireguard',
  amneziawg: '/etc/amnezia/amneziawg',
}

/** Where the config of a device is. */
export const configFileOf = (device: string, dialect: WireGuardDialect = 'wireguard'): string =>
  `${FOLDERS[dialect]}/${device}.conf`

/** What cannot be read is no mistake where nobody asked for the file. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'])

/**
 * What the comments of config files call peers. Of a file nothing else is kept.
 */
export class PeerNames {
  readonly #files: readonly string[]
  readonly #open: OpenConfig
  readonly #dialect: WireGuardDialect | undefined
  /** By file, then by key. */
  readonly #names = new Map<string, ReadonlyMap<PublicKey, string>>()

  /**
   * @param files that are asked for, for the peers of every device; none: the file that wg-quick(8) has for a
   *   device, if there is one and it can be read
   * @param open @internal
   */
  constructor(
    files: readonly string[] = [],
    open: OpenConfig = configReader(),
    dialect?: WireGuardDialect,
  ) {
    this.#files = files
    this.#open = open
    this.#dialect = dialect
  }

  /** Reads the files that were not read yet, for these devices. @returns what could not be read */
  async load(devices: readonly string[]): Promise<NamesProblem[]> {
    const usual = () => devices.map((device) => configFileOf(device, this.#dialect))
    const files = this.#files.length > 0 ? this.#files : usual()
    const problems: NamesProblem[] = []
    for (const file of files) {
      if (this.#names.has(file)) continue
      try {
        this.#names.set(file, await this.#read(file))
      } catch (error) {
        this.#names.set(file, new Map())
        const { code } = error as NodeJS.ErrnoException
        const isExpected = this.#files.length === 0 && ABSENT.has(code ?? '')
        if (!isExpected) problems.push({ file, error: error as Error })
      }
    }
    return problems
  }

  /** The next {@link load} reads all files again. */
  forget(): void {
    this.#names.clear()
  }

  of(device: string, publicKey: PublicKey): string | undefined {
    if (this.#files.length === 0) {
      return this.#names.get(configFileOf(device, this.#dialect))?.get(publicKey)
    }
    for (const file of this.#files) {
      const name = this.#names.get(file)?.get(publicKey)
      if (name !== undefined) return name
    }
    return undefined
  }

  async #read(path: string): Promise<ReadonlyMap<PublicKey, string>> {
    const names = new Map<PublicKey, string>()
    for (const peer of (await this.#open(path)).peers) {
      if (peer.name !== undefined) names.set(peer.publicKey, visible(peer.name))
    }
    return names
  }
}

/** What to call the peers of one file in a list of changes. */
export function describedPeers(file: ConfigFile): (publicKey: PublicKey) => string | undefined {
  const names = new Map(file.peers.map(({ publicKey, name }) => [publicKey, name]))
  return (publicKey) => {
    const name = names.get(publicKey)
    return name === undefined ? undefined : `${publicKey} (${visible(name)})`
  }
}
