import {
  type Backend,
  type CallOptions,
  type Device,
  InvalidRangeError,
  InvalidTypeError,
  inContext,
  WireGuardError,
} from '@wgctrl/types'

/** All devices that could be read, and why others could not. */
export interface DeviceList extends Array<Device> {
  /** One error for each device or backend that failed; `device` and `backend` name it. */
  readonly errors: readonly WireGuardError[]
}

/** Reads the devices of all backends side by side. */
export async function readDevices(
  backends: readonly Backend[],
  options: CallOptions,
): Promise<DeviceList> {
  const results = await Promise.all(backends.map((backend) => readAll(backend, options)))
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

/** Aborts, the caller's mistakes and bugs are no device's failure. */
function failureOf(
  error: unknown,
  operation: string,
  { kind }: Backend,
  device?: string,
): WireGuardError {
  const explained = inContext(error, { operation, backend: kind, ...(device && { device }) })
  const isMistake = explained instanceof InvalidTypeError || explained instanceof InvalidRangeError
  if (explained instanceof WireGuardError && !isMistake) return explained
  throw explained
}
