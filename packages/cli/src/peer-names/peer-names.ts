import type { PublicKey } from '@wgctrl/types'
import { type ConfigFile, readConfigFile } from 'wgctrl'
import type { Globals } from '../globals.js'
import { visible } from '../visible-text.js'

/** A file whose names could not be read. */
export interface NamesProblem {
  readonly file: string
  readonly error: Error
}

type OpenConfig = (path: string) => Promise<ConfigFile>

/** Reads config files as the command line says that they are trusted. */
export const configReader =
  (trust: Globals['trust'] = {}): OpenConfig =>
  (path) =>
    readConfigFile(path, trust)

/** Where wg-quick(8) has the config of a device. */
export const configFileOf = (device: string): string => `/etc/wireguard/${device}.conf`

/** What cannot be read is no mistake where nobody asked for the file. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'])

/**
 * What the comments of config files call peers. Of a file nothing else is kept.
 */
export class PeerNames {
  readonly #files: readonly string[]
  readonly #open: OpenConfig
  /** By file, then by key. */
  readonly #names = new Map<string, ReadonlyMap<PublicKey, string>>()

  /**
   * @param files that are asked for, for the peers of every device; none: the file that wg-quick(8) has for a
   *   device, if there is one and it can be read
   * @param open @internal
   */
  constructor(files: readonly string[] = [], open: OpenConfig = configReader()) {
    this.#files = files
    this.#open = open
  }

  /** Reads the files that were not read yet, for these devices. @returns what could not be read */
  async load(devices: readonly string[]): Promise<NamesProblem[]> {
    const files = this.#files.length > 0 ? this.#files : devices.map(configFileOf)
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
    if (this.#files.length === 0) return this.#names.get(configFileOf(device))?.get(publicKey)
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
