import { access, constants, mkdtemp } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, runWith } from './command.js'

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
    const namespace = await TestNamespace.createBare(name)
    await namespace.#addUplink(options.uplinkMtu ?? 1450)
    return namespace
  }

  /** Without a network: the test lays its own. */
  static async createBare(name: string): Promise<TestNamespace> {
    await makeEtcWritable()
    await run('ip', 'netns', 'add', name)
    const namespace = new TestNamespace(name)
    // Neither addresses that the kernel makes up nor duplicate address detection: both take their time.
    const settings = ['accept_dad=0', 'addr_gen_mode=1']
    await namespace.run('sysctl', '-qw', ...settings.map((each) => `net.ipv6.conf.default.${each}`))
    await namespace.ip('link', 'set', 'lo', 'up')
    return namespace
  }

  /** Runs a command in it. */
  run(command: string, ...args: string[]): Promise<string> {
    return run('ip', 'netns', 'exec', this.name, command, ...args)
  }

  ip(...args: string[]): Promise<string> {
    return run('ip', '-n', this.name, ...args)
  }

  /** Runs several commands of ip(8) in one process: in an emulated machine, starting one takes 100 ms. */
  batch(options: string[], ...commands: string[]): Promise<string> {
    const input = commands.map((command) => `${command}\n`).join('')
    return runWith(input, 'ip', '-n', this.name, ...options, '-batch', '-')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('ip', 'netns', 'delete', this.name)
  }

  async #addUplink(mtu: number): Promise<void> {
    const [near, far] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
    await this.batch(
      [],
      'link set lo up',
      `link add uplink address ${near} mtu ${mtu} type veth peer name far address ${far} mtu ${mtu}`,
      'address add 192.0.2.2/24 dev uplink',
      'address add 2001:db8::2/64 dev uplink',
      'link set uplink up',
      'link set far up',
    )
    await this.#settle()
    await this.batch([], 'route add default via 192.0.2.1', 'route add default via 2001:db8::1')
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

/** For the name servers of a namespace: the root of the virtual machine of test/kernel is read-only. */
async function makeEtcWritable(): Promise<void> {
  try {
    await access('/etc', constants.W_OK)
  } catch {
    const layer = await mkdtemp('/run/wgctrl-etc-')
    await run('mkdir', `${layer}/upper`, `${layer}/work`)
    const layers = `lowerdir=/etc,upperdir=${layer}/upper,workdir=${layer}/work`
    await run('mount', '-t', 'overlay', '-o', layers, 'overlay', '/etc')
  }
}
