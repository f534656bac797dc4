import { unsupported, type WireGuardDialect } from '@wgctrl/types'
import { SocketDirectory } from '@wgctrl/uapi'
import type { Backends } from '../backends.js'
import type { Namespace } from '../interface/namespace.js'
import { thisMachine } from '../interface/this-machine.js'
import type { EndpointResolver } from '../resolve.js'
import { openLinkSource } from '../watch/link-source.js'
import { CallOrder } from './call-order.js'
import { ClientDevices } from './client-devices.js'
import { ClientInterfaces } from './client-interfaces.js'
import { LiveDevices, type LiveDevicesContext } from './live-devices.js'
import { UnderWay } from './under-way.js'

/** Where the devices of a client are. */
export interface ClientPlace {
  /** Absent: the namespace of this process. */
  readonly netns?: Namespace | undefined
  /** Absent: where the platform's implementations have their sockets. */
  readonly socketDir?: string | undefined
  /** Absent: `wireguard`. */
  readonly dialect?: WireGuardDialect | undefined
}

/** What a client is made of. */
export interface ClientParts {
  readonly underWay: UnderWay
  readonly order: CallOrder
  readonly devices: ClientDevices
  readonly interfaces: ClientInterfaces
  readonly live: LiveDevices
}

/** Puts a client together: changes tell those who look at devices over time, and these make changes themselves. */
export function clientParts(
  backends: Backends,
  resolver: EndpointResolver,
  place: ClientPlace,
): ClientParts {
  const { netns } = place
  const { machine = thisMachine } = backends
  const underWay = new UnderWay()
  const order = new CallOrder(backends, underWay, (name, isOfPeers) =>
    live.invalidate(name, isOfPeers),
  )
  const devices = new ClientDevices({
    ...{ backends, order, resolver },
    counting: (name, config, read, change) => live.counting(name, config, read, change),
  })
  const interfaces = new ClientInterfaces({
    ...{ order, underWay, devices, resolver },
    place: { backends, machine, netns },
  })
  const live: LiveDevices = new LiveDevices({
    list: (options) => backends.list(options),
    device: (name, options = {}) => devices.device(name, options),
    activity: (name, options = {}) => devices.activity(name, options),
    configure: (name, config, options = {}) => devices.configure(name, config, options),
    inTurn: (name, change, options = {}) =>
      order.change('configure', name, options, { isOfPeers: true }, (_, turn) =>
        change(devices.in(turn)),
      ),
    netns,
    ...sourcesOf(backends, place),
  })
  return { underWay, order, devices, interfaces, live }
}

/** Where packets, links and sockets are seen: a machine in memory has none of them. */
function sourcesOf(
  backends: Backends,
  { netns, socketDir, dialect }: ClientPlace,
): Pick<LiveDevicesContext, 'requireLinks' | 'openLinks' | 'socketDirectory'> {
  if (backends.machine) {
    const requireLinks = (): never => {
      throw unsupported('links', 'links in memory have no packets')
    }
    return { requireLinks, openLinks: async () => undefined }
  }
  return {
    requireLinks: (kind) => backends.requireLinks(kind),
    openLinks: async () => (backends.hasKernelLinks ? openLinkSource(netns) : undefined),
    socketDirectory: () => new SocketDirectory(socketDir, undefined, dialect).path(),
  }
}
