import { type Device, wipeDevice } from '@wgctrl/types'
import type { Invocation, Run } from '../command.js'
import type { Io } from '../io.js'
import { visible } from '../visible-text.js'
import { Backends } from './backends.js'
import { adviceOf, reasonOf } from './failure.js'
import { fieldText, isField } from './fields.js'
import { fieldValue, jsonText } from './json.js'
import type { NamedDevice } from './named-device.js'
import { type PrettyOptions, prettyText } from './pretty.js'
import { printUsage } from './usage.js'

/** `show`: see wg(8), and `--json` beside it. */
export const run: Run = async (invocation, io) => {
  const { words, isJson, withSecrets, withNames } = takeOptions(invocation, io)
  const [target = 'all', field] = words
  if (words.length > 2) return usage(invocation, io, 1)
  await using backends = new Backends(invocation.globals, io)
  const names = withNames ? await namesFor(invocation, io) : undefined
  const json = isJson ? { withSecrets } : undefined
  const show = new Show(invocation, io, backends, { field, json, names })
  if (target === 'all') return await show.all()
  if (target === 'interfaces') {
    return field === undefined ? await show.names() : usage(invocation, io, 1)
  }
  if (words.length === 1 && ['-h', '--help', 'help'].includes(target)) {
    return usage(invocation, io, 0)
  }
  return await show.one(target)
}

/** Options may stand anywhere; wg(8) has none. */
function takeOptions({ program, words }: Invocation, { env }: Io) {
  const showsKeys = env['WG_HIDE_KEYS'] === 'never'
  if (program === 'wg') return { words, isJson: false, withSecrets: showsKeys, withNames: false }
  return {
    words: words.filter((word) => !OPTIONS.has(word)),
    isJson: words.includes('--json'),
    withSecrets: showsKeys || words.includes('--secrets'),
    withNames: words.includes('--names'),
  }
}

const OPTIONS: ReadonlySet<string> = new Set(['--json', '--secrets', '--names'])

/** Files are read by a part of the program that those who do not ask for names do without. */
async function namesFor(invocation: Invocation, io: Io): Promise<DeviceNames> {
  const { NamesOfDevices } = await import('../peer-names/names-of-devices.js')
  return new NamesOfDevices(invocation, io)
}

/** Adds to a device what its peers are called. */
interface DeviceNames {
  name(device: Device): Promise<NamedDevice>
}

interface ShowOptions {
  readonly field: string | undefined
  /** Absent: text. */
  readonly json: { readonly withSecrets: boolean } | undefined
  /** Absent: without names. */
  readonly names: DeviceNames | undefined
}

function usage(invocation: Invocation, io: Io, status: number): number {
  printUsage(invocation, io)
  return status
}

class Show {
  readonly #invocation: Invocation
  readonly #io: Io
  readonly #backends: Backends
  readonly #field: ShowOptions['field']
  readonly #json: ShowOptions['json']
  readonly #names: ShowOptions['names']

  constructor(invocation: Invocation, io: Io, backends: Backends, options: ShowOptions) {
    this.#invocation = invocation
    this.#io = io
    this.#backends = backends
    this.#field = options.field
    this.#json = options.json
    this.#names = options.names
  }

  async one(name: string): Promise<number> {
    let device: NamedDevice
    try {
      device = await this.#device(name)
    } catch (error) {
      return this.#fail('Unable to access interface', error)
    }
    try {
      if (!this.#knowsField()) return 1
      if (this.#json) this.#print(fieldValue(device, this.#field))
      else if (this.#field === undefined) this.#io.stdout.paint(prettyText(device, this.#looks))
      else this.#io.stdout.write(fieldText(device, this.#field, false, this.#names !== undefined))
      return 0
    } finally {
      wipeDevice(device)
    }
  }

  async names(): Promise<number> {
    const names = await this.#list()
    if (!names) return 1
    if (this.#json) this.#print(names)
    else if (names.length > 0) this.#io.stdout.write(`${names.map(visible).join(' ')}\n`)
    return 0
  }

  /** A device that fails does not hide the others: the status is 1 when none could be read. */
  async all(): Promise<number> {
    const names = await this.#list()
    if (!names) return 1
    const devices: NamedDevice[] = []
    let status = names.length > 0 ? 1 : 0
    for (const [at, name] of names.entries()) {
      const device = await this.#read(name)
      if (!device) continue
      devices.push(device)
      if (!this.#knowsField()) {
        status = 1
        break
      }
      if (!this.#json) this.#show(device, at === names.length - 1)
      status = 0
    }
    if (this.#json && (status === 0 || devices.length === 0)) this.#printAll(devices)
    devices.forEach(wipeDevice)
    return status
  }

  async #device(name: string): Promise<NamedDevice> {
    const device = await this.#backends.device(name)
    return (await this.#names?.name(device)) ?? device
  }

  async #read(name: string): Promise<NamedDevice | undefined> {
    try {
      return await this.#device(name)
    } catch (error) {
      this.#io.stderr.write(
        `Unable to access interface ${name}: ${reasonOf(error)}\n${adviceOf(error, this.#invocation.program)}`,
      )
      return undefined
    }
  }

  #show(device: NamedDevice, isLast: boolean): void {
    if (this.#field !== undefined) {
      this.#io.stdout.write(fieldText(device, this.#field, true, this.#names !== undefined))
    } else {
      this.#io.stdout.paint(prettyText(device, this.#looks) + (isLast ? '' : '\n'))
    }
  }

  /** Devices as an array; a field of them as an object by their names. */
  #printAll(devices: readonly NamedDevice[]): void {
    const isWhole = this.#field === undefined || this.#field === 'dump'
    const values = devices.map((device) => [device.name, fieldValue(device, this.#field)])
    this.#print(isWhole ? devices : Object.fromEntries(values))
  }

  #print(value: unknown): void {
    this.#io.stdout.write(jsonText(value, this.#json?.withSecrets === true))
  }

  #knowsField(): boolean {
    if (this.#field === undefined || isField(this.#field, this.#invocation.globals.dialect))
      return true
    this.#io.stderr.write(`Invalid parameter: \`${this.#field}'\n`)
    printUsage(this.#invocation, this.#io)
    return false
  }

  async #list(): Promise<string[] | undefined> {
    try {
      return await this.#backends.names()
    } catch (error) {
      this.#fail('Unable to list interfaces', error)
      return undefined
    }
  }

  #fail(what: string, error: unknown): number {
    this.#io.stderr.write(
      `${what}: ${reasonOf(error)}\n${adviceOf(error, this.#invocation.program)}`,
    )
    return 1
  }

  get #looks(): PrettyOptions {
    const { env, stdout, now } = this.#io
    const mode = env['WG_COLOR_MODE']
    return {
      isColored: mode === 'always' || (mode !== 'never' && stdout.isTTY),
      showsKeys: env['WG_HIDE_KEYS'] === 'never',
      now: now(),
    }
  }
}
