import { readlinkSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { Deadline, invalid, parseAddress, WireGuardError } from '@wgctrl/types'
import { Bus, BusError, THE_BUS } from '../dbus/bus.js'
import type { MethodCall } from '../dbus/codec/message.js'
import type { CheckedInterface } from './interface-config.js'
import type { Resolved } from './machine.js'
import { type Namespace, runInNamespace } from './namespace.js'

const SYSTEM_BUS = '/run/dbus/system_bus_socket'

/** Milliseconds for an answer, as sd_bus_call(3) has it. */
const PATIENCE = 25_000

/** @source org.freedesktop.resolve1(5) */
const RESOLVED: Omit<MethodCall, 'member'> = {
  destination: 'org.freedesktop.resolve1',
  path: '/org/freedesktop/resolve1',
  interface: 'org.freedesktop.resolve1.Manager',
}

/** Has the same methods for links that it manages itself. @source org.freedesktop.network1(5) */
const NETWORKD: Omit<MethodCall, 'member'> = {
  destination: 'org.freedesktop.network1',
  path: '/org/freedesktop/network1',
  interface: 'org.freedesktop.network1.Manager',
}

/** Of resolved: it listens to networkd about that link. */
const BUSY = 'org.freedesktop.resolve1.LinkBusy'

const REFUSED = 'org.freedesktop.DBus.Error.InvalidArgs'

/** What connect(2) fails with where there is no system bus, or none for us. */
const NO_BUS = new Set<string>(['ENOENT', 'ECONNREFUSED', 'EACCES', 'ENOTSOCK'])

const isWithoutBus = (error: unknown): boolean =>
  error instanceof WireGuardError && NO_BUS.has(error.code)

/** @source linux/socket.h */
const AF = { 4: 2, 6: 10 } as const

/**
 * Looks for systemd-resolved. Its D-Bus interface is asked, not that of Varlink: only versions of late can be configured by the
 * latter.
 *
 * @param netns the network namespace whose links it should know
 */
export async function findResolved(
  netns: Namespace | undefined,
  signal?: AbortSignal,
): Promise<Resolved | 'absent' | 'elsewhere'> {
  try {
    return await withBus(signal, async (bus, until) => {
      const pid = await bus.call(
        {
          ...THE_BUS,
          member: 'GetConnectionUnixProcessID',
          signature: 's',
          write: (body) => body.string(RESOLVED.destination),
        },
        until,
      )
      if (!(await isInNamespace(Number(pid[0]), netns))) return 'elsewhere'
      return { isInCharge: await isInCharge(bus, until), setLink, revertLink }
    })
  } catch (error) {
    if (error instanceof BusError || isWithoutBus(error)) return 'absent'
    throw error
  }
}

/**
 * It takes links by number, and that number is another link's in another namespace. What cannot be told, since this process may not
 * look, is what one would expect.
 */
async function isInNamespace(pid: number, netns: Namespace | undefined): Promise<boolean> {
  const its = await readlink(`/proc/${pid}/ns/net`).catch(() => undefined)
  if (its === undefined) return true
  return its === (await runInNamespace(netns, () => readlinkSync('/proc/thread-self/ns/net')))
}

/** Whether /etc/resolv.conf is one of its files; versions that do not say so count as if it were not. */
async function isInCharge(bus: Bus, signal: AbortSignal): Promise<boolean> {
  const property = {
    ...RESOLVED,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    write: (body) => body.string(RESOLVED.interface).string('ResolvConfMode'),
  } satisfies MethodCall
  try {
    const [mode] = await bus.call(property, signal)
    return mode === 'stub' || mode === 'static' || mode === 'uplink'
  } catch (error) {
    if (error instanceof BusError) return false
    throw error
  }
}

async function setLink(index: number, dns: CheckedInterface['dns'], name: string): Promise<void> {
  const servers = dns.servers.map((server, at) =>
    serverOf(server, `dns.servers[${at}]`, index, name),
  )
  // `~.` sends every name to these servers. @source resolvectl(1)
  const domains = ['~.', ...dns.search].map((domain) => domainOf(domain))
  await withBus(undefined, async (bus, until) => {
    const call = linkCaller(bus, until)
    const setServers = call('SetLinkDNS', 'ia(iay)', (body) =>
      body.uint32(index).array(8, servers, ({ family, bytes }) => {
        body.uint32(family).array(1, bytes, (byte) => body.byte(byte))
      }),
    )
    await naming('dns.servers', setServers)
    const setDomains = call('SetLinkDomains', 'ia(sb)', (body) =>
      body.uint32(index).array(8, domains, ({ domain, isForRoutingOnly }) => {
        body.string(domain).uint32(Number(isForRoutingOnly))
      }),
    )
    await naming('dns.search', setDomains)
  })
}

/** What it does not take is somebody's input: names the field. */
async function naming(path: string, done: Promise<void>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (error instanceof BusError && error.busName === REFUSED) throw invalid(path, error.message)
    throw error
  }
}

async function revertLink(index: number): Promise<void> {
  try {
    await withBus(undefined, (bus, until) =>
      linkCaller(bus, until)('RevertLink', 'i', (body) => body.uint32(index)),
    )
  } catch (error) {
    // What it knows of a link goes with the link, or with itself.
    if (error instanceof BusError && error.code === 'ENODEV') return
    if (isWithoutBus(error)) return
    throw error
  }
}

/** Calls a method for a link: of resolved, and where that says that networkd manages the link, of networkd. */
function linkCaller(bus: Bus, signal: AbortSignal) {
  return async (member: string, signature: string, write: NonNullable<MethodCall['write']>) => {
    try {
      await bus.call({ ...RESOLVED, member, signature, write }, signal)
    } catch (error) {
      if (!(error instanceof BusError) || error.busName !== BUSY) throw error
      const its = member === 'RevertLink' ? 'RevertLinkDNS' : member
      await bus.call({ ...NETWORKD, member: its, signature, write }, signal)
    }
  }
}

/** An address as it is sent. Of a scope only the link's own can be kept: the server is asked through the link anyway. */
function serverOf(server: string, path: string, index: number, name: string) {
  const [text = '', scope] = server.split('%')
  const address = parseAddress(text)
  if (!address || (scope !== undefined && scope !== name && scope !== String(index))) {
    throw invalid(
      path,
      `systemd-resolved asks the servers of ${name} through ${name}, not ${server}`,
    )
  }
  return { family: AF[address.family], bytes: address.bytes }
}

/** A domain with `~` before it is not searched, but its names are asked of the link's servers. */
const domainOf = (text: string) =>
  text.startsWith('~')
    ? { domain: text.slice(1), isForRoutingOnly: true }
    : { domain: text, isForRoutingOnly: false }

async function withBus<T>(
  caller: AbortSignal | undefined,
  body: (bus: Bus, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = new Deadline({ signal: caller, timeout: PATIENCE })
  try {
    using bus = await Bus.open(SYSTEM_BUS, deadline.signal)
    return await body(bus, deadline.signal)
  } catch (error) {
    if (!(error instanceof WireGuardError) || error.code !== 'ETIMEDOUT') throw error
    throw new WireGuardError('systemd-resolved, or the system bus, did not answer in time', {
      code: 'ETIMEDOUT',
      cause: error,
    })
  }
}
