import type { Connection } from '../connection.js'
import { NetlinkError, recoded } from '../errors.js'
import { type GenlFamily, resolveFamily } from '../genl.js'
import type { ReplyOptions, Request } from '../reply.js'
import { genlRequest } from '../request.js'
import { WG_CMD, WG_GENL_NAME, wgDevice } from '../specs/wireguard.js'
import { dialectOf } from './dialects.js'

/** Which device: by name or by the index of its interface. */
export type DeviceRef = string | number

/**
 * Remembers the family's number. It changes when the module is loaded again: a request under an old
 * number gets ENOENT, after which the family is resolved once more.
 */
export class FamilyCache {
  readonly #name: string
  #family: GenlFamily | undefined

  /** @param name another family with WireGuard's attributes, such as a fork's */
  constructor(name: string = WG_GENL_NAME) {
    this.#name = name
  }

  async use<T>(
    connection: Connection,
    options: ReplyOptions,
    body: (family: GenlFamily) => Promise<T>,
  ): Promise<T> {
    const known = this.#family
    const family = known ?? (await resolveFamily(connection, this.#name, options))
    this.#family = family
    try {
      return await body(family)
    } catch (error) {
      if (known === undefined || !(error instanceof NetlinkError) || error.code !== 'ENOENT') {
        throw error
      }
      this.#family = undefined
      return this.use(connection, options, body)
    }
  }

  /**
   * Gives the errnos of get-device and set-device their meaning.
   *
   * @source ENODEV: no such link; EOPNOTSUPP: a link of another kind (drivers/net/wireguard/netlink.c);
   * ENOENT: no such family (net/netlink/genetlink.c)
   */
  meaningOf(error: unknown, device: DeviceRef): unknown {
    if (!(error instanceof NetlinkError)) return error
    const { title, article } = dialectOf(this.#name)
    switch (error.code) {
      case 'ENODEV':
        return recoded(error, 'ENODEV', `there is no network interface ${device}`)
      case 'EOPNOTSUPP':
        return recoded(error, 'ENOTWIREGUARD', `${device} is not ${article} interface`)
      case 'ENOENT':
        return recoded(error, 'ENOBACKEND', `the kernel has no ${title}: its module is not loaded`)
      case 'EADDRINUSE':
        return recoded(error, 'EADDRINUSE', 'the listen port is taken')
      default:
        return error
    }
  }
}

/** The request for a device and its peers. */
export function getDeviceRequest(family: GenlFamily, device: DeviceRef): Request {
  return genlRequest(
    family.id,
    WG_CMD.getDevice,
    family.version,
    wgDevice,
    typeof device === 'number' ? { ifindex: device } : { ifname: device },
  )
}
