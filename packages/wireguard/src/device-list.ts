import {
  type Backend,
  type CallOptions,
  Deadline,
  type Device,
  type DeviceKind,
  WireGuardError,
} from '@wgctrl/types'
import type { Backends } from './backends.js'
import { failureOf } from './refusal.js'
import { timeLeft } from './time-left.js'

/** All devices that could be read, and why others could not. */
export interface DeviceList extends Array<Device> {
  /** One error for each device or backend that failed; `device` and `backend` name it. */
  readonly errors: readonly WireGuardError[]
}

/** Reads the devices of all backends side by side. */
export async function readDevices(
  backends: Backends,
  { backend: kind, ...options }: CallOptions & { readonly backend?: DeviceKind | undefined },
): Promise<DeviceList> {
  using deadline = new Deadline(options)
  const rest = timeLeft(options)
  await backends.look(kind, deadline.signal)
  const asked = backends.available(kind)
  const results = await Promise.all([
    ...asked.map((backend) => readAll(backend, rest())),
    backends.refusals(kind),
  ])
  const devices: Device[] = []
  const errors: WireGuardError[] = []
  for (const result of results.flat()) {
    if (!(result instanceof WireGuardError)) devices.push(result)
    else if (result.code !== 'ENODEV') errors.push(result)
  }
  return Object.defineProperty(devices, 'errors', { value: errors }) as DeviceList
}

async function readAll(
  backend: Backend,
  options: CallOptions,
): Promise<(Device | WireGuardError)[]> {
  try {
    const names = await backend.list(options)
    return await Promise.all(names.map((name) => readOne(backend, name, options)))
  } catch (error) {
    return [failureOf(error, 'list', backend)]
  }
}

async function readOne(
  backend: Backend,
  name: string,
  options: CallOptions,
): Promise<Device | WireGuardError> {
  try {
    return await backend.device(name, options)
  } catch (error) {
    return failureOf(error, 'device', backend, name)
  }
}
