import { counted, type Finding, missing, note, ok } from './finding.js'
import type { Machine } from './machine.js'

const CONFIGS = '/etc/wireguard'

/** What `up` and `down` use, and settings of the system that tunnels suffer from. */
export async function checkSurroundings(machine: Machine): Promise<Finding[]> {
  const common = [await checkConfigs(machine), await checkPackage(machine)]
  if (machine.platform !== 'linux') return common
  return [
    await checkFirewall(machine),
    await checkDns(machine),
    await checkBash(machine),
    await checkReversePath(machine),
    await checkForwarding(machine),
    await checkIPv6(machine),
    ...common,
  ]
}

async function firstOf(machine: Machine, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const path = await machine.program(name)
    if (path !== undefined) return path
  }
  return undefined
}

async function checkFirewall(machine: Machine): Promise<Finding> {
  if ((await machine.hasNfTables()) !== false) {
    return ok('firewall', "firewall rules are made in the kernel's nf_tables")
  }
  const path = await machine.program('iptables-restore')
  if (path !== undefined) return ok('firewall', `firewall rules are made with ${path}`)
  return note(
    'firewall',
    'this kernel has no nf_tables, and iptables is not installed: with a default route through the tunnel, packets that only pretend to come from it are not dropped',
    'load the module nf_tables, or install iptables',
  )
}

/** What systemd-resolved listens on, and the bus that it is told by. */
const RESOLVED = ['/run/systemd/resolve/io.systemd.Resolve', '/run/dbus/system_bus_socket']

async function checkDns(machine: Machine): Promise<Finding> {
  const modes = await Promise.all(RESOLVED.map((each) => machine.mode(each)))
  if (!modes.includes(undefined)) return ok('dns', 'name servers are set in systemd-resolved')
  const path = await firstOf(machine, ['resolvconf', 'resolvectl'])
  if (path !== undefined) return ok('dns', `name servers are set with ${path}`)
  return note(
    'dns',
    'systemd-resolved does not run, and no resolvconf is installed: DNS lines of config files have no effect',
    'install openresolv, or start systemd-resolved, if config files have DNS lines',
  )
}

async function checkBash(machine: Machine): Promise<Finding> {
  const path = await machine.program('bash')
  if (path !== undefined) return ok('bash', `hooks are run by ${path}`)
  return note(
    'bash',
    'bash is not installed: hooks cannot run',
    'install bash if config files have hooks',
  )
}

/** @source Documentation/networking/ip-sysctl.rst, rp_filter: 0 off, 1 strict, 2 loose; the higher of all and the interface counts */
async function checkReversePath(machine: Machine): Promise<Finding> {
  const id = 'rp-filter'
  const [mode, mark] = await Promise.all(
    ['rp_filter', 'src_valid_mark'].map(async (name) =>
      (await machine.read(`/proc/sys/net/ipv4/conf/all/${name}`))?.trim(),
    ),
  )
  if (mode === undefined) return note(id, 'the reverse path filter cannot be read')
  if (mode !== '1' || mark === '1') {
    const words = mode === '1' ? 'strict, and heeds marks' : mode === '2' ? 'loose' : 'off'
    return ok(id, `the reverse path filter is ${words}`)
  }
  return note(
    id,
    'the reverse path filter is strict and does not heed marks: it would drop the answers to a tunnel that is the default route',
    '"up" sets net.ipv4.conf.all.src_valid_mark=1 itself; where it may not, as in a container, set it outside',
  )
}

async function checkForwarding(machine: Machine): Promise<Finding> {
  const [four, six] = await Promise.all(
    ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'].map(
      async (path) => (await machine.read(path))?.trim() === '1',
    ),
  )
  const text = `packets are forwarded: IPv4 ${four ? 'yes' : 'no'}, IPv6 ${six ? 'yes' : 'no'}`
  if (four || six) return ok('forwarding', text)
  return note(
    'forwarding',
    text,
    'a gateway needs net.ipv4.ip_forward=1, and net.ipv6.conf.all.forwarding=1 for IPv6',
  )
}

async function checkIPv6(machine: Machine): Promise<Finding> {
  const disabled = (await machine.read('/proc/sys/net/ipv6/conf/all/disable_ipv6'))?.trim()
  if (disabled === '0') return ok('ipv6', 'IPv6 is on')
  return note(
    'ipv6',
    'IPv6 is off: config files with IPv6 addresses cannot be brought up',
    'set net.ipv6.conf.all.disable_ipv6=0, or leave IPv6 out of the files',
  )
}

async function checkConfigs(machine: Machine): Promise<Finding> {
  const id = 'config-files'
  if ((await machine.mode(CONFIGS)) === undefined) {
    return ok(id, `${CONFIGS} is not there: no config files`)
  }
  const names = (await machine.list(CONFIGS)).filter((name) => name.endsWith('.conf'))
  const modes = await Promise.all(names.map((name) => machine.mode(`${CONFIGS}/${name}`)))
  const folder = (await machine.mode(CONFIGS)) ?? 0
  const open = names.filter((_, at) => ((modes[at] ?? 0) & 0o007) !== 0)
  if (open.length === 0 || (folder & 0o001) === 0) {
    return ok(
      id,
      `${CONFIGS} has ${counted(names.length, 'config file')} that others can read none of`,
    )
  }
  return missing(
    id,
    `everybody can read the private keys in ${open.join(', ')} of ${CONFIGS}`,
    `chmod 600 ${open.map((name) => `${CONFIGS}/${name}`).join(' ')}`,
  )
}

async function checkPackage(machine: Machine): Promise<Finding> {
  if (await machine.hasPackage('unix-dgram')) {
    return ok('unix-dgram', 'services tell their manager how they are')
  }
  return note(
    'unix-dgram',
    'the npm package unix-dgram is not installed: services tell their manager nothing',
    'npm install unix-dgram beside @wgctrl/cli, if its systemd units are used; it needs a compiler',
  )
}
