import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../lifecycle/command.js'

/**
 * The machine that files are brought up on: the network namespace of the test, with a default route of each
 * family behind which nobody is, names that are in /etc/hosts, and a resolver that answers nothing.
 */
export class World implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'wgctrl-corpus-'))
    await writeFile(join(folder, 'hosts'), hosts)
    await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1\n')
    const world = new World(folder)
    for (const name of ['hosts', 'resolv.conf']) {
      await run('mount', '--bind', join(folder, name), `/etc/${name}`)
    }
    return world
  }

  /** As it begins, whatever the last case left. */
  async reset(): Promise<void> {
    await run('sh', '-c', beginning)
  }

  /** What can be seen of it, a fact in each line. */
  async facts(): Promise<string[]> {
    for (;;) {
      const text = await run('sh', '-c', shown)
      if (!text.includes(' tentative')) return factsOf(text)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('sh', '-c', emptied)
    for (const name of ['hosts', 'resolv.conf']) await run('umount', `/etc/${name}`)
    await rm(this.folder, { recursive: true })
  }
}

/** What came and what went, with `+` and `-` before it. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const gone = [...before]
  const come: string[] = []
  for (const fact of after) {
    const at = gone.indexOf(fact)
    if (at < 0) come.push(`+ ${fact}`)
    else gone.splice(at, 1)
  }
  return [...gone.map((fact) => `- ${fact}`), ...come]
}

const hosts = `127.0.0.1 localhost
::1 localhost
192.0.2.30 vpn.example.org
2001:db8::30 vpn6.example.org
192.0.2.31 both.example.org
2001:db8::31 both.example.org
`

/** Without a link but loopback, as those find it who share it. */
const emptied = `
for link in $(ip -o link | cut -d: -f2 | cut -d@ -f1); do [ $link = lo ] || ip link delete $link 2>/dev/null; done
while pgrep -f '^[^ ]*wireguard-go wg[01]$' >/dev/null; do sleep 0.01; done
rm -f /var/run/wireguard/wg[01].sock
nft flush ruleset
for family in -4 -6; do
  ip $family rule flush
  ip $family rule | grep -q '^0:.*lookup local' || ip $family rule add priority 0 table local
  ip $family rule add priority 32766 table main
  ip $family route flush table all proto static proto boot scope global 2>/dev/null
done
ip -4 rule add priority 32767 table default
`

/** Neither addresses that the kernel makes up nor duplicate address detection: both take their time. */
const beginning = `
${emptied}
set -e
sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.addr_gen_mode=1 net.ipv4.conf.all.src_valid_mark=0
ip -batch - <<END
link set lo up
link add uplink address 02:00:00:00:00:01 mtu 1450 type veth peer name far address 02:00:00:00:00:02 mtu 1450
address add 192.0.2.2/24 dev uplink
address add 2001:db8::2/64 dev uplink
link set uplink up
link set far up
END
until ip -o link show uplink | grep -q 'state UP'; do sleep 0.01; done
ip route add default via 192.0.2.1
ip route add default via 2001:db8::1
`

const shown = `
ip -o link; echo =====
ip -o address; echo =====
ip -4 route show table all; echo =====
ip -6 route show table all; echo =====
ip -4 rule; echo =====
ip -6 rule; echo =====
nft list ruleset; echo =====
cat /proc/sys/net/ipv4/conf/all/src_valid_mark
`

function factsOf(text: string): string[] {
  const [
    links = '',
    addresses = '',
    routes4 = '',
    routes6 = '',
    rules4 = '',
    rules6 = '',
    nft = '',
    mark = '',
  ] = text.split('=====\n').map((part) => part.trimEnd())
  const lines = (kind: string, part: string): string[] =>
    part === '' ? [] : part.split('\n').map((line) => `${kind} ${words(line)}`)
  return [
    ...links.split('\n').flatMap(linkFact),
    ...addresses.split('\n').map(addressFact),
    ...lines('route4', routes4).sort(),
    ...lines('route6', routes6).sort().filter(isOfBothKinds),
    ...lines('rule4', rules4),
    ...lines('rule6', rules6),
    ...firewallFacts(nft),
    `src_valid_mark ${mark.trim()}`,
  ]
}

/** The kernel gives a tun link a route for multicast, and none to a WireGuard link. */
const isOfBothKinds = (fact: string): boolean =>
  !fact.startsWith('route6 multicast ff00::/8 dev wg')

const words = (line: string): string => line.trim().split(/\s+/).join(' ')

/** Of its flags those that both kinds of device have. */
function linkFact(line: string): string[] {
  const found = /^\d+: ([^:@]+)[:@].*<(.*)> mtu (\d+)/.exec(line)
  if (!found) return []
  const [, name, flags = '', mtu] = found
  return [`link ${name} mtu ${mtu}${flags.split(',').includes('UP') ? ' up' : ''}`]
}

function addressFact(line: string): string {
  const [, name, family, local] = line.split(/\s+/)
  const scope = /scope (\S+)/.exec(line)?.[1]
  return `address ${name} ${family} ${local} scope ${scope}`
}

/** Each rule with the table and chain that it is in. */
function firewallFacts(text: string): string[] {
  const path: string[] = []
  const facts: string[] = []
  for (const line of text.split('\n').map(words)) {
    if (line.endsWith('{')) path.push(line.slice(0, -2))
    else if (line === '}') path.pop()
    else if (line !== '') facts.push(['nft', ...path, line].join(' '))
  }
  return facts.sort()
}
