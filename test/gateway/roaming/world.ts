import { writeFile } from 'node:fs/promises'
import { ip } from '../../contract/harnesses/isolation.js'

/** A link of a namespace to the network that all of them share: this process's own, which forwards between them. */
export class Link {
  /** The end in the shared network. */
  readonly near: string
  /** Where the namespace is reached over it. */
  readonly address: string
  readonly #gateway: string

  private constructor(near: string, net: string) {
    this.near = near
    this.address = `${net}.2`
    this.#gateway = `${net}.1`
  }

  /**
   * @param far its name in the namespace
   * @param net the first three bytes of its addresses
   * @param to what is reached over it from the namespace
   */
  static async make(netns: string, far: string, net: string, to: string): Promise<Link> {
    const link = new Link(`${far}${net.split('.').slice(1).join('-')}`, net)
    await ip('link', 'add', link.near, 'type', 'veth', 'peer', far, 'netns', netns)
    await ip('address', 'add', `${link.#gateway}/24`, 'dev', link.near)
    await ip('link', 'set', link.near, 'up')
    await ip('-n', netns, 'address', 'add', `${link.address}/24`, 'dev', far)
    await ip('-n', netns, 'link', 'set', far, 'up')
    await ip('-n', netns, 'route', 'add', to, 'via', link.#gateway)
    return link
  }

  async cut(): Promise<void> {
    await ip('link', 'set', this.near, 'down')
  }

  async mend(): Promise<void> {
    await ip('link', 'set', this.near, 'up')
  }
}

/** Lets this network forward between its links. */
export const forward = (): Promise<void> => writeFile('/proc/sys/net/ipv4/ip_forward', '1')

export async function makeNamespace(name: string): Promise<void> {
  await ip('netns', 'add', name)
  await ip('-n', name, 'link', 'set', 'lo', 'up')
}

/** Milliseconds since 1970, exact to less than one. */
export const clock = (): number => performance.timeOrigin + performance.now()
