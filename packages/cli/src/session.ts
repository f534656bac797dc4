import type { DeviceKind } from '@wgctrl/types'
import { open, type WireGuardClient } from 'wgctrl'
import type { Invocation } from './command.js'
import { errorText } from './error-text.js'
import { deviceOptions } from './globals.js'
import type { Io } from './io.js'
import { warnOfNamesake } from './namesake.js'

/** Of two devices with one name, wg(8) takes the one that has a socket. */
const WG_ORDER: readonly DeviceKind[] = ['userspace', 'linux-kernel']

const INTERFACE_ORDER: readonly DeviceKind[] = ['linux-kernel', 'userspace']

/** Exit status of a command that could not do what it was asked for. */
const TROUBLE = 1

/**
 * Runs a command on the machine's devices. What it throws is said in one line.
 *
 * @param trouble the exit status for that
 * @returns the exit status
 */
export async function withDevices(
  invocation: Invocation,
  io: Io,
  body: (wg: WireGuardClient) => Promise<number>,
  trouble = TROUBLE,
): Promise<number> {
  return await withWords(
    invocation,
    io,
    async () => {
      await using wg = await openDevices(invocation, WG_ORDER, io)
      return await body(wg)
    },
    trouble,
  )
}

/** As {@link withDevices}, for what makes and changes the interfaces of a network namespace: its own come first. */
export function withInterfaces(
  invocation: Invocation,
  io: Io,
  body: (wg: WireGuardClient) => Promise<number>,
): Promise<number> {
  return withWords(invocation, io, async () => {
    await warnOfNamesake(invocation, io)
    await using wg = await openDevices(invocation, INTERFACE_ORDER, io)
    return await body(wg)
  })
}

async function openDevices(
  { globals }: Invocation,
  order: readonly DeviceKind[],
  io: Io,
): Promise<WireGuardClient> {
  const { backend, netns, host } = globals
  if (host !== undefined) {
    return (await import('./remote/host.js')).openHost(globals, io, order[0])
  }
  return await open({ backends: backend ? [backend] : order, netns, ...deviceOptions(globals) })
}

/** As {@link withDevices}, for a command without devices. */
export async function withWords(
  { program, command }: Invocation,
  io: Io,
  body: () => Promise<number>,
  trouble = TROUBLE,
): Promise<number> {
  try {
    return await body()
  } catch (error) {
    // Nobody reads any more: main() knows what to do.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') throw error
    io.stderr.write(`${program} ${command}: ${errorText(error)}\n`)
    return trouble
  }
}
