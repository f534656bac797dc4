import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { chown, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../lifecycle/command.js'
import { resolvedDirectory } from './systemd-resolved.mjs'

const BUS = '/run/dbus/system_bus_socket'
const USER = 'systemd-resolve'
const LOG = '/run/wgctrl-stage/log'
const root = resolvedDirectory()
const RESOLVECTL = join(root, 'usr/bin/resolvectl')

/** What a system bus lets pass; what systemd-resolved may do there is in its own package. */
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${BUS}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>${join(root, 'usr/share/dbus-1/system.d')}</includedir>
  <includedir>/usr/share/dbus-1/system.d</includedir>
</busconfig>
`

/**
 * A machine with systemd-resolved, in the namespaces of this file: Debian's own programs, on a system bus of their own.
 * The files that they make are on file systems that nobody else sees.
 */
export class ResolvedStage implements AsyncDisposable {
  readonly #children: ChildProcess[] = []

  /** @param netns a named network namespace that it knows the links of; absent: that of this process */
  static async begin(netns?: string): Promise<ResolvedStage> {
    if (!existsSync(root)) throw new Error('node test/resolved/systemd-resolved.mjs was not run')
    for (const folder of ['/run/dbus', '/run/systemd', '/run/wgctrl-stage']) {
      await mkdir(folder, { recursive: true })
      await run('mount', '-t', 'tmpfs', 'none', folder)
    }
    await addUser()
    await mkdir('/run/systemd/resolve')
    await chown('/run/systemd/resolve', ...(await userIds()))
    const stage = new ResolvedStage()
    await writeFile('/run/wgctrl-stage/bus.conf', busConfig)
    stage.#start(
      'dbus-daemon',
      '--config-file=/run/wgctrl-stage/bus.conf',
      '--nofork',
      '--nopidfile',
    )
    while (!(await isAnswered(BUS))) await sleep(10)
    const inside = netns === undefined ? [] : ['ip', 'netns', 'exec', netns]
    const [program = '', ...args] = [...inside, join(root, 'lib/systemd/systemd-resolved')]
    stage.#start(program, ...args)
    await stage.#answers()
    return stage
  }

  /** Has systemd-networkd manage a link, too. It waits for no udev where it cannot write to /sys. */
  async manage(link: string): Promise<void> {
    await run('mount', '--bind', '/sys', '/sys')
    await run('mount', '-o', 'remount,bind,ro', '/sys')
    const state = ['/run/systemd/netif', '/run/systemd/netif/links', '/run/systemd/netif/leases']
    for (const folder of [...state, '/run/systemd/netif/lldp', '/run/systemd/network'])
      await mkdir(folder)
    await run('chown', '-R', 'systemd-network', '/run/systemd/netif')
    const network = `[Match]\nName=${link}\n[Network]\nKeepConfiguration=yes\nLinkLocalAddressing=no\n`
    await writeFile('/run/systemd/network/50-managed.network', network)
    this.#start('/lib/systemd/systemd-networkd')
  }

  /** What systemd-resolved knows of a link, in words of its own program. */
  async told(link: string): Promise<string[]> {
    const about = ['dns', 'domain', 'default-route']
    return await Promise.all(about.map((verb) => run(RESOLVECTL, verb, link)))
  }

  resolvectl(...args: string[]): Promise<string> {
    return run(RESOLVECTL, ...args)
  }

  /** What systemd-resolved has said so far. */
  log(): Promise<string> {
    return readFile(LOG, 'utf8')
  }

  /** A folder with its program under another name. */
  async programsAs(...names: string[]): Promise<string> {
    const folder = `/run/wgctrl-stage/${names.join('-')}`
    await mkdir(folder, { recursive: true })
    for (const name of names) await symlink(RESOLVECTL, join(folder, name)).catch(() => {})
    return folder
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill()
      await once(child, 'exit')
    }
    for (const folder of ['/run/wgctrl-stage', '/run/systemd', '/run/dbus']) {
      await run('umount', '--lazy', folder)
    }
  }

  #start(program: string, ...args: string[]): void {
    const log = openSync(LOG, 'a')
    this.#children.push(spawn(program, args, { stdio: ['ignore', log, log] }))
    closeSync(log)
  }

  async #answers(): Promise<void> {
    for (;;) {
      const status = await run(RESOLVECTL, 'status').catch(() => undefined)
      if (status !== undefined) return
      const ended = this.#children.find(({ exitCode }) => exitCode !== null)
      if (ended) throw new Error(`${ended.spawnfile} has ended: ${await this.log()}`)
      await sleep(20)
    }
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** The user that systemd-resolved becomes, which comes with its package. */
async function addUser(): Promise<void> {
  for (const [file, line] of [
    ['/etc/passwd', `${USER}:x:982:982::/:/usr/sbin/nologin\n`],
    ['/etc/group', `${USER}:x:982:\n`],
  ] as const) {
    const text = await readFile(file, 'utf8')
    if (text.includes(`\n${USER}:`)) continue
    const copy = `/run/wgctrl-stage/${file.slice('/etc/'.length)}`
    await writeFile(copy, text + line)
    await run('mount', '--bind', copy, file)
  }
}

async function userIds(): Promise<[number, number]> {
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((each) => each.startsWith(`${USER}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return [Number(uid), Number(gid)]
}
