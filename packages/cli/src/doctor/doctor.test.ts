import { describe, expect, it } from 'vitest'
import { examine, exitStatus, report } from './doctor.js'
import type { Finding } from './finding.js'
import type { Machine, SeenDevice } from './machine.js'

const ALL_CAPABILITIES = 'CapEff:\t000001ffffffffff\n'

interface FakeMachine {
  platform?: string
  files?: Record<string, string>
  modes?: Record<string, number>
  folders?: Record<string, string[]>
  programs?: string[]
  env?: Record<string, string>
  tun?: string | undefined
  backends?: { kind: string; code?: string; message?: string }[]
  devices?: SeenDevice[]
  hasNfTables?: boolean | undefined
}

/** A machine that has everything but what a test changes. */
function machine(changes: FakeMachine = {}): Machine {
  const files: Record<string, string> = {
    '/proc/self/status': ALL_CAPABILITIES,
    '/proc/sys/net/ipv4/conf/all/rp_filter': '2\n',
    '/proc/sys/net/ipv4/conf/all/src_valid_mark': '0\n',
    '/proc/sys/net/ipv4/ip_forward': '1\n',
    '/proc/sys/net/ipv6/conf/all/disable_ipv6': '0\n',
    ...changes.files,
  }
  const modes: Record<string, number> = { '/sys/module/wireguard': 0o755, ...changes.modes }
  const programs = changes.programs ?? ['wireguard-go', 'nft', 'resolvconf', 'bash']
  for (const name of programs) modes[`/usr/bin/${name}`] = 0o755
  const { folders = {}, env = {}, tun, backends, devices = [], hasNfTables = true } = changes
  return {
    platform: changes.platform ?? 'linux',
    env,
    release: '6.12.1',
    read: async (path) => files[path],
    mode: async (path) => modes[path],
    list: async (path) => folders[path] ?? [],
    openError: async () => tun,
    program: async (name) => (programs.includes(name) ? `/usr/bin/${name}` : undefined),
    devices: async () => ({
      backends: backends ?? [{ kind: 'linux-kernel' }, { kind: 'userspace' }],
      devices,
    }),
    hasNfTables: async () => hasNfTables,
    hasPackage: async () => true,
  }
}

const find = async (id: string, changes: FakeMachine): Promise<Finding | undefined> =>
  (await examine(machine(changes))).find((finding) => finding.id === id)

describe('the doctor', () => {
  it('finds nothing missing on a machine that has everything', async () => {
    const findings = await examine(machine())
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([])
    expect(exitStatus(findings)).toBe(0)
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length)
  })

  /** What is changed, which finding tells of it, and what it says. */
  const cases: [string, FakeMachine, string, Finding['verdict'], RegExp][] = [
    [
      'a kernel without WireGuard',
      { modes: { '/sys/module/wireguard': undefined as never } },
      'kernel-module',
      'note',
      /6\.12\.1 has no WireGuard.*wireguard-go/s,
    ],
    [
      'no right to change devices',
      { files: { '/proc/self/status': 'CapEff:\t0\n' } },
      'net-admin',
      'missing',
      /CAP_NET_ADMIN.*root/s,
    ],
    [
      'no right to listen',
      { files: { '/proc/self/status': 'CapEff:\t0000000000001000\n' } },
      'net-raw',
      'missing',
      /CAP_NET_RAW/,
    ],
    ['no tun', { tun: 'ENOENT' }, 'tun', 'note', /not there.*--device/s],
    ['a tun that cannot be opened', { tun: 'EACCES' }, 'tun', 'note', /EACCES/],
    [
      'no daemon',
      { programs: ['nft', 'resolvconf', 'bash'] },
      'userspace-daemon',
      'note',
      /install wireguard-go/,
    ],
    [
      'no firewall',
      { programs: ['bash'], hasNfTables: false },
      'firewall',
      'note',
      /no nf_tables.*load the module/s,
    ],
    ['no resolver', { programs: ['bash'] }, 'dns', 'note', /openresolv/],
    ['no bash', { programs: ['nft'] }, 'bash', 'note', /hooks cannot run/],
    [
      'a strict path filter',
      { files: { '/proc/sys/net/ipv4/conf/all/rp_filter': '1\n' } },
      'rp-filter',
      'note',
      /src_valid_mark=1/,
    ],
    [
      'no forwarding',
      { files: { '/proc/sys/net/ipv4/ip_forward': '0\n' } },
      'forwarding',
      'note',
      /ip_forward=1/,
    ],
    [
      'no IPv6',
      { files: { '/proc/sys/net/ipv6/conf/all/disable_ipv6': '1\n' } },
      'ipv6',
      'note',
      /IPv6 is off/,
    ],
    [
      'a config file that everybody can read',
      {
        modes: {
          '/etc/wireguard': 0o755,
          '/etc/wireguard/wg0.conf': 0o644,
          '/etc/wireguard/wg1.conf': 0o600,
        },
        folders: { '/etc/wireguard': ['wg0.conf', 'wg1.conf', 'x.key'] },
      },
      'config-files',
      'missing',
      /in wg0\.conf of.*chmod 600 \/etc\/wireguard\/wg0\.conf$/s,
    ],
    [
      'no backend',
      { backends: [{ kind: 'any', code: 'ENOBACKEND', message: 'x' }] },
      'backends',
      'missing',
      /nothing on this machine/,
    ],
    [
      'one backend of two',
      {
        backends: [
          { kind: 'linux-kernel', code: 'EPERM', message: 'not allowed' },
          { kind: 'userspace' },
        ],
      },
      'backend-linux-kernel',
      'note',
      /not allowed/,
    ],
    [
      'devices that cannot be seen',
      {
        backends: [
          { kind: 'linux-kernel', code: 'EPERM', message: 'not allowed' },
          { kind: 'userspace' },
        ],
        devices: [],
      },
      'devices',
      'note',
      /no devices can be read; those of linux-kernel cannot/,
    ],
    [
      'a device that this user may not read',
      { devices: [{ name: 'wg0', code: 'EPERM', message: 'run as root' }] },
      'device-wg0',
      'missing',
      /wg0 cannot be read: run as root$.*what EPERM means/ms,
    ],
    [
      'a device that cannot be read, among all',
      { devices: [{ name: 'wg0', code: 'EPERM' }, { name: 'wg1' }] },
      'devices',
      'note',
      /^devices: wg1 can be read; wg0 cannot/,
    ],
    [
      'a daemon that is gone',
      { devices: [{ name: 'wg0', code: 'ECONNREFUSED' }] },
      'device-wg0',
      'missing',
      /daemon is gone.*wg0\.sock/s,
    ],
    [
      'a userspace device that has lost its port',
      { devices: [{ name: 'wg0', hasNoPort: true }] },
      'port-wg0',
      'missing',
      /^wg0 has no UDP port and receives nothing.*wgctrl set wg0 listen-port/s,
    ],
    [
      'a device that cannot be read',
      { devices: [{ name: 'wg0', code: 'EPROTO' }] },
      'device-wg0',
      'missing',
      /EPROTO/,
    ],
  ]
  for (const [what, changes, id, verdict, words] of cases) {
    it(`tells of ${what}, and what to do`, async () => {
      const finding = await find(id, changes)
      expect(finding?.verdict).toBe(verdict)
      expect(`${finding?.text}\n${finding?.advice ?? ''}`.trim()).toMatch(words)
      expect(exitStatus(await examine(machine(changes)))).toBe(
        (changes.devices ?? []).some(({ code }) => code) || verdict === 'missing' ? 1 : 0,
      )
    })
  }

  describe('on threads of peers', () => {
    const devices = [{ name: 'wg0', interfaceIndex: 7, peers: 20_000 }, { name: 'tun0' }]
    const files = (threadsMax: number, pidMax: number, threaded = 1) => ({
      '/sys/class/net/wg0/ifindex': '7\n',
      '/sys/class/net/wg0/threaded': `${threaded}\n`,
      '/sys/class/net/tun0/ifindex': '9\n',
      '/sys/class/net/tun0/threaded': '0\n',
      '/proc/loadavg': '0.20 0.18 0.12 1/20400 31206\n',
      '/proc/sys/kernel/threads-max': `${threadsMax}\n`,
      '/proc/sys/kernel/pid_max': `${pidMax}\n`,
    })

    it('says how many they are, how many more fit, and what to raise', async () => {
      expect(await find('peer-threads', { files: files(23_000, 32_768), devices })).toEqual({
        id: 'peer-threads',
        verdict: 'note',
        text: 'the kernel has a thread for each peer of wg0: 20000 of all 20400, and 2600 more fit (kernel.threads-max 23000, kernel.pid_max 32768)',
        advice:
          'when none fit, no program can be started: sysctl -w kernel.threads-max=41800 kernel.pid_max=41800; or write 0 to /sys/class/net/wg0/threaded, which took them away on Linux 7.3.4',
      })
    })

    it('names of several devices those that have them', async () => {
      const other = { '/sys/class/net/wg1/ifindex': '8\n', '/sys/class/net/wg1/threaded': '0\n' }
      const changes = {
        files: { ...files(100_000, 4_194_304), ...other },
        devices: [...devices, { name: 'wg1', interfaceIndex: 8, peers: 5 }],
      }
      expect((await find('peer-threads', changes))?.text).toContain('peer of wg0: 20000 of all')
    })

    it('names of the limits those alone that are too low', async () => {
      const finding = await find('peer-threads', { files: files(100_000, 32_768), devices })
      expect(finding?.text).toContain('12368 more fit')
      expect(finding?.advice).toContain('sysctl -w kernel.pid_max=41800;')
    })

    it('is content when as many again fit', async () => {
      const finding = await find('peer-threads', { files: files(100_000, 4_194_304), devices })
      expect(finding?.verdict).toBe('ok')
    })

    /** A machine whose device was refused a thread, after which it says 0. */
    const exhausted = (threadsMax: number, comms: string[]): FakeMachine => ({
      files: {
        ...files(threadsMax, 4_194_304, 0),
        ...Object.fromEntries(comms.map((comm, at) => [`/proc/${at + 1}/comm`, `${comm}\n`])),
      },
      folders: { '/proc': [...comms.map((_, at) => `${at + 1}`), 'self', 'sys'] },
      devices,
    })
    const threads = (count: number): string[] => Array.from({ length: count }, () => 'napi/wg0-0')

    it('counts them where there was no room for another, which the device then does not tell', async () => {
      const changes = exhausted(20_410, ['init', ...threads(2), 'napi/wg00-0'])
      expect(await find('peer-threads', changes)).toMatchObject({
        verdict: 'note',
        text: expect.stringContaining('threads for peers of wg0: 2 of all 20400, and 10 more fit'),
      })
    })

    it('counts them also when the limit was raised since, for the device goes on saying that it has none', async () => {
      const few = await find('peer-threads', exhausted(23_000, threads(19_990)))
      expect(few).toMatchObject({
        verdict: 'note',
        text: expect.stringContaining('wg0: 19990 of all 20400, and 2600 more fit'),
      })
      const many = await find('peer-threads', exhausted(100_000, threads(19_990)))
      expect(many).toMatchObject({
        verdict: 'ok',
        text: expect.stringContaining('wg0: 19990 of all 20400, and 79600 more fit'),
      })
    })

    it('counts those of such a device beside those of one that has them all, and names both', async () => {
      const changes = exhausted(23_000, threads(300))
      const other = { '/sys/class/net/wg1/ifindex': '8\n', '/sys/class/net/wg1/threaded': '1\n' }
      const finding = await find('peer-threads', {
        ...changes,
        files: { ...changes.files, ...other },
        devices: [...devices, { name: 'wg1', interfaceIndex: 8, peers: 50 }],
      })
      expect(finding?.text).toContain('threads for peers of wg0, wg1: 350 of all')
    })

    it('takes no more for those of a device than it has peers: a namesake elsewhere may have some', async () => {
      const finding = await find('peer-threads', {
        ...exhausted(23_000, threads(300)),
        devices: [{ name: 'wg0', interfaceIndex: 7, peers: 5 }],
      })
      expect(finding?.text).toContain('threads for peers of wg0: 5 of all')
    })

    it('counts them by few files at a time: a process may not have thousands open', async () => {
      const whole = machine(exhausted(23_000, threads(5000)))
      let open = 0
      const read = async (path: string): Promise<string | undefined> => {
        if (open >= 1000) return undefined
        open += 1
        await new Promise(setImmediate)
        open -= 1
        return await whole.read(path)
      }
      const finding = (await examine({ ...whole, read })).find(({ id }) => id === 'peer-threads')
      expect(finding?.text).toContain('threads for peers of wg0: 5000 of all')
    })

    it('advises no limit where none is too low, as where a container sees threads of its own alone', async () => {
      const changes = files(200_000, 4_194_304)
      const own = { ...changes, '/proc/loadavg': '0.20 0.18 0.12 1/150 31206\n' }
      const limits = {
        '/proc/sys/kernel/threads-max': '3000\n',
        '/proc/sys/kernel/pid_max': '3000\n',
      }
      const finding = await find('peer-threads', { files: { ...own, ...limits }, devices })
      expect(finding).toMatchObject({
        verdict: 'note',
        advice:
          'when none fit, no program can be started: write 0 to /sys/class/net/wg0/threaded, which took them away on Linux 7.3.4',
      })
    })

    it('says that there are none where that is so, and nothing where nobody can tell', async () => {
      const none = files(100_000, 4_194_304, 0)
      expect(await find('peer-threads', { files: none, devices })).toMatchObject({
        verdict: 'ok',
        text: 'the kernel has no threads for single peers',
      })
      const other = { files: none, devices: [{ name: 'tun0' }] }
      expect(await find('peer-threads', other)).toBeUndefined()
    })
  })

  it('says once that the kernel has no WireGuard, and counts in words', async () => {
    const backends = [
      { kind: 'linux-kernel', code: 'ENOBACKEND', message: 'The kernel has no WireGuard' },
      { kind: 'userspace' },
    ]
    const modes = { '/sys/module/wireguard': undefined as never, '/var/run/wireguard': 0o755 }
    const folders = { '/var/run/wireguard': ['wg0.sock'] }
    const text = report(await examine(machine({ modes, folders, backends })), false)
    expect(text.match(/has no WireGuard/g)).toHaveLength(1)
    expect(text).toContain('/var/run/wireguard has 1 socket of userspace devices\n')
    // A module that cannot be loaded is news.
    const all = await examine(machine({ backends }))
    expect(all.map(({ id }) => id)).toContain('backend-linux-kernel')
  })

  it('takes no harm in config files of a folder that others cannot enter', async () => {
    const changes = {
      modes: { '/etc/wireguard': 0o700, '/etc/wireguard/wg0.conf': 0o644 },
      folders: { '/etc/wireguard': ['wg0.conf'] },
    }
    expect((await find('config-files', changes))?.verdict).toBe('ok')
  })

  it('finds a module that is not loaded yet, and the daemon that was chosen', async () => {
    const modules = {
      '/lib/modules/6.12.1/modules.dep': 'kernel/drivers/net/wireguard/wireguard.ko.xz: x\n',
    }
    const without = { '/sys/module/wireguard': undefined as never }
    expect((await find('kernel-module', { files: modules, modes: without }))?.verdict).toBe('ok')
    const chosen = {
      env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '/opt/wg' },
      modes: { '/opt/wg': 0o755 },
      programs: ['bash'],
    }
    expect((await find('userspace-daemon', chosen))?.text).toContain('/opt/wg')
  })

  it('leaves out what other systems do not have', async () => {
    const ids = (await examine(machine({ platform: 'darwin' }))).map(({ id }) => id)
    expect(ids).not.toContain('rp-filter')
    expect(ids).not.toContain('tun')
  })

  it('says nothing of ports where a daemon has none before its link is up', async () => {
    const devices = [{ name: 'utun3', hasNoPort: true } as const]
    expect(await find('port-utun3', { platform: 'darwin', devices })).toBeUndefined()
  })
})

describe('the report', () => {
  const findings: Finding[] = [
    { id: 'a', verdict: 'ok', text: 'there' },
    { id: 'b', verdict: 'missing', text: 'not there', advice: 'get it' },
  ]

  it('has a line for each finding, and what to do below', () => {
    expect(report(findings, false)).toBe('ok       there\nmissing  not there\n         → get it\n')
  })

  it('has colours where there are some', () => {
    expect(report(findings, true)).toContain('\x1b[31mmissing')
  })
})
