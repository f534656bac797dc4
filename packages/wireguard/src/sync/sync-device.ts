import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Backend,
  type CallOptions,
  checkFields,
  type DeviceConfig,
  InvalidTypeError,
  type PublicKey,
  runInTurns,
  WireGuardError,
  wipeDevice,
} from '@wgctrl/types'
import { type Machine, machineOf } from '../interface/machine.js'
import { SYNC_DEVICE_OPTIONS } from '../option-fields.js'
import { timeLeft } from '../time-left.js'
import { type Change, isOfEndpoint } from './change.js'
import { comparedDevice, expectedPeers } from './compared-device.js'
import { checkObject, type DeviceDiff, type DiffOptions, diffSteps } from './diff.js'
import { scopeIndexes } from './scopes.js'

export interface SyncOptions extends DiffOptions, CallOptions {
  /** Finds the changes and sends nothing. */
  readonly dryRun?: boolean | undefined
}

/** What the caller of {@link syncDevice} knows of the device's surroundings. */
export interface SyncPlace {
  /** The network namespace of scopes that are given by name; absent: the process' own. */
  readonly netns?: string | number | undefined
  /** Whose links they are; absent: those of the machine of this process. @internal */
  readonly machine?: Machine | undefined
}

/** How often the differences are sent before others have to be told to let go of the device. */
const TRIES = 10

function checkBackend(backend: Pick<Backend, 'device' | 'configure'>): void {
  if (typeof backend?.device === 'function' && typeof backend.configure === 'function') return
  throw new InvalidTypeError('backend', 'must have device and configure, as what open() gives')
}

/** Milliseconds: the longest pause before another try. Two who are never in step come to an end. */
const LONGEST_PAUSE = 100

/**
 * Makes a device what it should be by sending the differences alone; none, and nothing is sent. See
 * `diffDevice` for what the desired state means. When something was sent the device is read again: what
 * another process changed meanwhile is a difference, and is sent as well. An endpoint does not count there,
 * since a peer that is heard from moves it.
 *
 * @returns the changes, made or (`dryRun`) to be made
 * @throws {TypeError | RangeError | WireGuardError} `EINVAL` with `path`; `EAGAIN`: others changed the device
 *   after every try; and as `device` and `configure`
 */
export async function syncDevice(
  backend: Pick<Backend, 'device' | 'compared' | 'configure'>,
  name: string,
  desired: DeviceConfig,
  options: SyncOptions & SyncPlace = {},
): Promise<readonly Change[]> {
  checkFields(options, 'options', SYNC_DEVICE_OPTIONS)
  checkBackend(backend)
  checkObject(desired)
  const { signal, dryRun, keep, netns, machine = machineOf(backend) } = options
  const rest = timeLeft({ signal, timeout: options.timeout })
  const expected = await runInTurns(expectedPeers(desired))
  const compare = async (): Promise<DeviceDiff & { readonly ownKey: PublicKey | null }> => {
    const { device: current, unchanged } = await comparedDevice(backend, name, expected, rest())
    try {
      const interfaceIndex =
        options.interfaceIndex ?? (await scopeIndexes([desired, current], { machine, netns }))
      const diff = await runInTurns(
        diffSteps(current, desired, { keep, interfaceIndex }, unchanged),
      )
      return { ...diff, ownKey: current.publicKey ?? null }
    } finally {
      wipeDevice(current)
    }
  }
  let made: readonly Change[] = []
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { changes, config, ownKey } = await compare()
    const isRest = attempt > 0 && changes.every(isOfEndpoint)
    if (changes.length === 0 || isRest) return made
    made = made.concat(changes)
    if (dryRun) return made
    // Not at once, or two who correct each other may do so for ever.
    if (attempt > 0) await sleep(Math.random() * LONGEST_PAUSE, undefined, { signal })
    await backend.configure(name, config, { ...rest(), ownKey })
  }
  if ((await compare()).changes.every(isOfEndpoint)) return made
  throw new WireGuardError('others changed the device after every try', { code: 'EAGAIN' })
}
