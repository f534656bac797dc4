import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inPlace, makePlace } from './places.mjs'

const wgctrl = fileURLToPath(new URL('../../packages/cli/dist/bin.cjs', import.meta.url))

/** Where clients knock, and the gateway's address in the tunnel, which all of the fleet have. */
const [PORT, INSIDE] = [51_820, '10.8.0.1']

/**
 * `wgctrl gateway` in a place of its own. It emits `event` for each line of its log.
 *
 * @extends {EventEmitter<{ event: [Record<string, string>] }>}
 */
export class Gateway extends EventEmitter {
  static inside = INSIDE
  name
  device
  #place
  #folder
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child

  /**
   * @param {string} letter
   * @param {string} folder
   * @param {{ privateKey: string, servers: string }} fleet what all of them have in common
   */
  constructor(letter, folder, { privateKey, servers }) {
    super()
    this.name = `gateway-${letter}`
    this.device = `wg-${letter}`
    this.#place = makePlace(this.name)
    this.#folder = join(folder, this.name)
    mkdirSync(this.#folder)
    const lines = [`PrivateKey = ${privateKey}`, `ListenPort = ${PORT}`, `Address = ${INSIDE}/16`]
    this.#write(`${this.device}.conf`, ['[Interface]', ...lines, ''].join('\n'))
    const config = {
      interface: { file: `${this.device}.conf`, backend: 'userspace' },
      store: { type: 'nats', servers },
      fleet: { id: this.name, ttl: '3s' },
      log: 'json',
    }
    this.#write('gateway.json', JSON.stringify(config, null, 2))
  }

  get endpoint() {
    return `${this.#place.address}:${PORT}`
  }

  start() {
    const config = join(this.#folder, 'gateway.json')
    const command = inPlace(this.#place, process.execPath, wgctrl, 'gateway', '--config', config)
    const child = spawn(...command, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    createInterface(child.stdout).on('line', (line) => this.emit('event', JSON.parse(line)))
  }

  /** @param {NodeJS.Signals} signal */
  async end(signal) {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'close')
  }

  /**
   * @param {string} file
   * @param {string} text
   */
  #write(file, text) {
    writeFileSync(join(this.#folder, file), text, { mode: 0o600 })
  }
}
