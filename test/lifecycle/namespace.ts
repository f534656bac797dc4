import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './command.js'

/** A network namespace that a test made, with a network that leads nowhere. */
export class TestNamespace implements AsyncDisposable {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  /**
   * `uplink` is one end of a pair of which the other end is in here too: there is a default route, and
   * nobody behind it.
   */
  static async create(name: string, options: { uplinkMtu?: number } = {}): Promise<TestNamespace> {
    await run('ip', 'netns', 'add', name)
    const namespace = new TestNamespace(name)
    // Neither addresses that the kernel makes up nor duplicate address detection: both take their time.
    for (const setting of ['accept_dad=0', 'addr_gen_mode=1']) {
      await namespace.run('sysctl', '-qw', `net.ipv6.conf.default.${setting}`)
    }
    await namespace.ip('link', 'set', 'lo', 'up')
    await namespace.#addUplink(options.uplinkMtu ?? 1450)
    return namespace
  }

  /** Runs a command in it. */
  run(command: string, ...args: string[]): Promise<string> {
    return run('ip', 'netns', 'exec', this.name, command, ...args)
  }

  ip(...args: string[]): Promise<string> {
    return run('ip', '-n', this.name, ...args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('ip', 'netns', 'delete', this.name)
  }

  async #addUplink(mtu: number): Promise<void> {
    const [near, far] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
    const peer = ['peer', 'name', 'far', 'address', far, 'mtu', `${mtu}`]
    await this.ip(
      'link',
      'add',
      'uplink',
      'address',
      near,
      'mtu',
      `${mtu}`,
      'type',
      'veth',
      ...peer,
    )
    await this.ip('address', 'add', '192.0.2.2/24', 'dev', 'uplink')
    await this.ip('address', 'add', '2001:db8::2/64', 'dev', 'uplink')
    for (const link of ['uplink', 'far']) {
      await this.ip('link', 'set', link, 'up')
    }
    await this.#settle()
    await this.ip('route', 'add', 'default', 'via', '192.0.2.1')
    await this.ip('-6', 'route', 'add', 'default', 'via', '2001:db8::1')
  }

  /** The kernel takes a moment to see that both ends are up. */
  async #settle(): Promise<void> {
    for (;;) {
      const links: { operstate: string; link_type: string }[] = JSON.parse(
        await this.ip('-j', 'link'),
      )
      const ends = links.filter((link) => link.link_type === 'ether')
      if (ends.every(({ operstate }) => operstate === 'UP')) return
      await sleep(10)
    }
  }
}
