import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseConfig } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { run, runWith } from '../lifecycle/command.js'
import { leftovers } from '../lifecycle/snapshot.js'
import { stopProcess } from '../stopped-process.js'
import { hasCaller, takesSignals } from './callers.js'
import { NameServer } from './name-server.js'
import { Program, start, takeDownAll, temporaryFolder, WGCTRL, wgctrl } from './program.js'
import { isLong } from './sizes.js'

let folder: string
let ready: string
let go: string

/** Says which signals; every run tells its own. */
const SEED = Number(process.env.WGCTRL_SEED ?? Date.now() % 2 ** 31)

/** Who holds a hook up: its number of seconds is known nowhere else. */
const HELD = 'sleep 86399'

/** A hook that no `up` comes to the end of. */
const ENDLESS = `PostUp = ${HELD}`

/** A line that says that it is there, and goes on when it may. */
const untilGo = (): string => `touch ${ready}; until [ -e ${go} ]; do sleep 0.05; done`

/** What there is of the network, the daemons, and what hooks left running. */
const shown = `
ip -o link; ip -o address; ip -4 route show table all; ip -6 route show table all; ip -4 rule; ip -6 rule
nft list ruleset; pgrep -fax '${HELD}' || :`
async function machine(): Promise<{ network: string; daemons: string[] }> {
  const text = await run('sh', '-e', '-c', shown)
  return { network: text.replace(/^\d+: /gm, ''), daemons: (await leftovers()).daemons }
}

/** A file for a tunnel of its own for everything. */
async function fileOf(name: string, more = ''): Promise<string> {
  const path = join(folder, `${name}.conf`)
  const text = `[Interface]
PrivateKey = ${generatePrivateKey().toBase64()}
Address = 10.77.${name.length}.1/24, fd00:77::${name.length}/64
${more}
[Peer]
PublicKey = ${publicKey(generatePrivateKey())}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 127.0.0.1:4711
`
  await writeFile(path, text, { mode: 0o600 })
  return path
}

/** A file for a server with one client, and room for more. */
async function serverFile(): Promise<string> {
  const file = await fileOf('wgslow', 'ListenPort = 4712')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('0.0.0.0/0, ::/0', '10.77.6.2/32'))
  return file
}

/** Has a file say so many routes that a program cannot tell of all of them while nobody listens. */
async function routesInto(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8')
  const networks = Array.from({ length: 3000 }, (_, n) => `10.${n >> 8}.${n & 255}.64/26`)
  await writeFile(file, text.replace('::/0', networks.join(', ')))
  return networks
}

const isReady = (): Promise<void> => vi.waitFor(() => access(ready))

beforeAll(async () => {
  await isolate()
  folder = await temporaryFolder()
  ready = join(folder, 'ready')
  go = join(folder, 'go')
  const uplink = `link add uplink type veth peer name far
address add 192.0.2.2/24 dev uplink
link set uplink up
link set far up
route add default via 192.0.2.1
`
  await run('sysctl', '-qw', 'net.ipv6.conf.default.addr_gen_mode=1')
  await runWith(uplink, 'ip', '-batch', '-')
  await vi.waitFor(async () => expect(await run('ip', 'link')).not.toContain('NO-CARRIER'))
})

beforeEach(async () => {
  for (const path of [ready, go]) await rm(path, { force: true })
})

afterEach(takeDownAll)

const all = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const

/** All of them, or the one whose turn it is. */
const signals = isLong ? all : all.filter((_, at) => at === SEED % all.length)

describe.each(signals)(`%s (seed ${SEED})`, (signal, status) => {
  it.each(['PreUp', 'PostUp'])(
    'during %s of up ends the hook, and takes all back',
    async (hook) => {
      const before = await machine()
      const file = await fileOf('wgcut', `${hook} = touch ${ready}; ${HELD}`)
      const up = start(['up', file, '--hooks'])
      await isReady()
      up.kill(signal)
      expect(await up.status()).toBe(status)
      expect(up.err).toContain('interrupted; all is taken back')
      expect(await machine()).toEqual(before)
    },
  )

  it('during any step of up takes all back', async () => {
    const before = await machine()
    const file = await fileOf('wgcut', ENDLESS)
    for (const step of ['make the interface', 'configure', 'switch', 'rule', 'firewall']) {
      const up = start(['up', file, '--hooks'])
      await up.says(new RegExp(`\\[#\\] .*${step}`), 'err')
      up.kill(signal)
      expect(await up.status(), step).toBe(status)
      expect(await machine(), step).toEqual(before)
    }
  })

  it('during down is heard when all is done', async () => {
    const before = await machine()
    const file = await fileOf('wgcut', `PreDown = ${untilGo()}`)
    expect((await wgctrl('up', file)).status).toBe(0)
    const down = start(['down', file, '--hooks'])
    await isReady()
    down.kill(signal)
    await writeFile(go, '')
    expect(await down.status()).toBe(status)
    expect(await machine()).toEqual(before)
  })
})

describe.each(signals)('%s during ensure', (signal, status) => {
  it('of a new interface takes all back', async () => {
    const before = await machine()
    const file = await fileOf('wgcut', ENDLESS)
    for (const step of ['make the interface', 'configure', 'switch', 'rule', 'firewall']) {
      const ensure = start(['ensure', file, '--hooks'])
      await ensure.says(new RegExp(`\\[#\\] .*${step}`), 'err')
      ensure.kill(signal)
      expect(await ensure.status(), step).toBe(status)
      expect(await machine(), step).toEqual(before)
    }
  })

  it('ends the hook of a new interface, which knows the file, and takes all back', async () => {
    const before = await machine()
    const file = await fileOf(
      'wgcut',
      `PostUp = test "$CONFIG_FILE" -ef ${join(folder, 'wgcut.conf')}
PostUp = touch ${ready}; ${HELD}`,
    )
    const ensure = start(['ensure', file, '--hooks'])
    await isReady()
    ensure.kill(signal)
    expect(await ensure.status()).toBe(status)
    expect(ensure.err).toContain('interrupted; all is taken back')
    expect(await machine()).toEqual(before)
  })

  it('of one that is there is heard when all is done, once something was changed', async () => {
    const before = await machine()
    const file = await fileOf('wgcut')
    expect((await wgctrl('up', file)).status).toBe(0)
    await routesInto(file)
    const ensure = start(['ensure', file])
    const goOn = await ensure.holdAt(/\[#\] add the route/)
    ensure.kill(signal)
    goOn()
    expect(await ensure.status()).toBe(status)
    expect(await wgctrl('ensure', file)).toEqual({ status: 0, out: '', err: '' })
    expect((await wgctrl('down', file, '-q')).status).toBe(0)
    expect(await machine()).toEqual(before)
  })
})

describe.each(signals)('%s during reload', (signal, status) => {
  it('is heard when all is done, once something was changed', async () => {
    const before = await machine()
    const file = await fileOf('wgcut')
    expect((await wgctrl('up', file)).status).toBe(0)
    const networks = await routesInto(file)
    const reload = start(['reload', file])
    const goOn = await reload.holdAt(/\[#\] add the route/)
    reload.kill(signal)
    goOn()
    expect(await reload.status()).toBe(status)
    expect(reload.out).toContain(`add route ${networks.at(-1)}`)
    expect(await wgctrl('reload', file)).toEqual({ status: 0, out: '', err: '' })
    expect((await wgctrl('down', file, '-q')).status).toBe(0)
    expect(await machine()).toEqual(before)
  })

  it('ends it at once while a name is looked up: nothing was changed', async () => {
    const file = await fileOf('wgcut')
    expect((await wgctrl('up', file)).status).toBe(0)
    const running = await machine()
    await using names = await NameServer.open(600)
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('127.0.0.1:4711', 'slow.example:4711').replace('/24', '/25'))
    const reload = start(['reload', file])
    await vi.waitFor(() => expect(names.heard).toBeGreaterThan(0), 60_000)
    reload.kill(signal)
    expect(await reload.status()).toBe(status)
    expect(reload.err).toContain('interrupted; nothing was changed')
    expect(await machine()).toEqual(running)
    expect((await wgctrl('down', file, '-q')).status).toBe(0)
  })
})

it('a signal while up looks up a name ends it before the name server could answer', async () => {
  const before = await machine()
  const file = await fileOf('wgcut')
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace('127.0.0.1:4711', 'slow.example:4711'),
  )
  await using names = await NameServer.open(600, 3)
  const up = start(['up', file])
  await vi.waitFor(() => expect(names.heard).toBeGreaterThan(0), 60_000)
  up.kill('SIGINT')
  expect(await up.status()).toBe(130)
  // For both families. It would ask again after half a minute, twice.
  expect(names.heard).toBeLessThanOrEqual(2)
  expect(await machine()).toEqual(before)
})

/** Runs our program, and holds up for ten seconds whoever has put a file in place of another. */
function heldBehindRename(args: readonly string[]): Program {
  const held = ['-e', 'trace=rename', '-e', 'inject=rename:delay_exit=10000000']
  // With -D the program that is started is ours, and the tracer runs beside it.
  const words = ['-D', '-f', '-qq', '-o', '/dev/null', ...held, process.execPath, ...args]
  return new Program('strace', words)
}

describe('a signal during a change of a server', () => {
  const [signal, status] = ['SIGTERM', 143] as const

  /** A server whose daemon has no time until it is told to go on. */
  async function slowServer() {
    const file = await serverFile()
    expect((await wgctrl('up', file)).status).toBe(0)
    const pid = (await daemonOf('wgslow')) as number
    await stopProcess(pid)
    const before = await readFile(file, 'utf8')
    const agree = async () => {
      process.kill(pid, 'SIGCONT')
      const peers = parseConfig(await readFile(file, 'utf8')).peers.map((peer) => peer.publicKey)
      const device = await wgctrl('show', 'wgslow', 'peers')
      expect(device.out.split('\n').filter(Boolean).sort()).toEqual(peers.sort())
      expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
      return peers.length
    }
    return { file, before, agree, goOn: () => process.kill(pid, 'SIGCONT') }
  }

  afterEach(async () => {
    expect((await wgctrl('down', join(folder, 'wgslow.conf'), '-q')).status).toBe(0)
  })

  it('comes when a new client is in file and device, and its file was printed', async () => {
    const { file, before, agree, goOn } = await slowServer()
    goOn()
    const words = ['new', 'client', file, '--endpoint', 'vpn.example.net:4711']
    const added = heldBehindRename([WGCTRL, ...words])
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).not.toBe(before), 60_000)
    added.kill(signal)
    expect(await added.status()).toBe(status)
    expect(await agree()).toBe(2)
    expect(parseConfig(added.out).interface.addresses).toHaveLength(2)
  })

  it('leaves a client that is removed in both or in neither', async () => {
    const { file, agree, goOn } = await slowServer()
    const [peer] = parseConfig(await readFile(file, 'utf8')).peers
    const removed = start(['remove', 'client', file, `${peer?.publicKey}`])
    await vi.waitFor(async () => expect(await hasCaller('wgslow')).toBe(true), 60_000)
    removed.kill(signal)
    goOn()
    expect(await removed.status()).toBe(status)
    expect(await agree()).toBe(0)
  })

  it('leaves a file that is saved as it was while the device has no time', async () => {
    const { file, before, agree } = await slowServer()
    const saved = start(['save', file])
    await vi.waitFor(async () => expect(await hasCaller('wgslow')).toBe(true), 60_000)
    saved.kill(signal)
    expect(await saved.status()).toBe(status)
    expect(saved.err).toContain('interrupted; nothing was changed')
    expect(await readFile(file, 'utf8')).toBe(before)
    expect(await agree()).toBe(1)
  })

  it('while another has the file ends it at once', async () => {
    const { file, agree, goOn } = await slowServer()
    const first = start(['save', file])
    await vi.waitFor(async () => expect(await hasCaller('wgslow')).toBe(true), 60_000)
    for (const words of [
      ['new', 'client', file, '--endpoint', 'x:1'],
      ['reload', file],
    ]) {
      const second = start(words)
      await vi.waitFor(() => expect(takesSignals(second.child.pid)).toBe(true), 60_000)
      second.kill(signal)
      expect(await second.status()).toBe(status)
      expect(second.err).toContain('interrupted; nothing was changed')
    }
    goOn()
    expect(await first.status()).toBe(0)
    expect(await agree()).toBe(1)
  })
})

describe('a signal during create and delete', () => {
  const [signal, status] = ['SIGHUP', 129] as const

  it('leaves nothing of a device whose daemon is slow to start', async () => {
    const before = await machine()
    const daemon = join(folder, 'slow-daemon')
    const script = `#!/bin/sh\n${untilGo()}\nexec wireguard-go "$@"\n`
    await writeFile(daemon, script, { mode: 0o700 })
    const env = { WG_QUICK_USERSPACE_IMPLEMENTATION: daemon }
    const create = start(['create', 'wgslow', '--backend', 'userspace'], env)
    await isReady()
    create.kill(signal)
    await writeFile(go, '')
    expect(await create.status()).toBe(status)
    expect(create.err).toContain('interrupted; all is taken back')
    expect(await machine()).toEqual(before)
    expect((await wgctrl('list')).out).toBe('')
  })

  it('comes when a device is gone', async () => {
    const before = await machine()
    expect((await wgctrl('create', 'wgslow', '--backend', 'userspace')).status).toBe(0)
    const pid = (await daemonOf('wgslow')) as number
    await stopProcess(pid)
    const removed = start(['delete', 'wgslow', '--hung'])
    await vi.waitFor(async () => expect(await hasCaller('wgslow')).toBe(true), 60_000)
    removed.kill(signal)
    expect(await removed.status()).toBe(status)
    expect(await machine()).toEqual(before)
  })
})

it('a client whose file nobody takes is taken back', async () => {
  const file = await serverFile()
  expect((await wgctrl('up', file)).status).toBe(0)
  const before = await readFile(file, 'utf8')
  const words = ['new', 'client', file, '--endpoint', 'vpn.example.net:4711']
  const child = spawn(process.execPath, [WGCTRL, ...words])
  child.stdout.destroy()
  child.stderr.resume()
  expect((await once(child, 'close'))[0]).toBe(141)
  const full = ['sh', '-c', `'${process.execPath}' ${WGCTRL} ${words.join(' ')} > /dev/full`]
  await expect(run(...(full as [string]))).rejects.toThrow('ENOSPC')
  expect(await readFile(file, 'utf8')).toBe(before)
  expect(await wgctrl('reload', file)).toEqual({ status: 0, out: '', err: '' })
  expect((await wgctrl('down', file, '-q')).status).toBe(0)
})

describe('a reader that is gone', () => {
  it.each(['stdout', 'stderr'] as const)(
    'of %s keeps neither up nor down from its end',
    async (which) => {
      const before = await machine()
      const file = await fileOf('wgpipe', 'PostUp = true')
      for (const verb of ['up', 'down']) {
        const child = spawn(process.execPath, [WGCTRL, verb, file, '--hooks'])
        child[which].destroy()
        child[which === 'stdout' ? 'stderr' : 'stdout'].resume()
        const [status] = await once(child, 'close')
        expect([verb, status]).toEqual([verb, 0])
        if (verb === 'up') expect((await machine()).network).toContain('lookup 51820')
      }
      expect(await machine()).toEqual(before)
    },
  )

  it('of a hook makes the hook fail, and up takes all back', async () => {
    const before = await machine()
    const child = spawn(process.execPath, [
      WGCTRL,
      'up',
      await fileOf('wgpipe', 'PostUp = echo out'),
      '--hooks',
    ])
    child.stdout.destroy()
    child.stderr.resume()
    const [status] = await once(child, 'close')
    expect(status).toBe(1)
    expect(await machine()).toEqual(before)
  })

  it('as head(1) is after a line', async () => {
    const before = await machine()
    const file = await fileOf('wgpipe')
    for (const verb of ['up', 'down']) {
      const line = `${process.execPath} ${WGCTRL} ${verb} ${file} 2>&1 | head -n 1; exit $PIPESTATUS`
      await run('bash', '-c', line)
    }
    expect(await machine()).toEqual(before)
  })
})

describe('two at once', () => {
  it('have a table each for their default routes, and go one by one', async () => {
    const before = await machine()
    for (let round = 0; round < 3; round++) {
      const files = [await fileOf('wgone'), await fileOf('wgother')]
      const ups = files.map((file) => start(['up', file]))
      expect(await Promise.all(ups.map((up) => up.status()))).toEqual([0, 0])
      const { network } = await machine()
      for (const name of ['wgone', 'wgother']) {
        const tables = network.match(new RegExp(`default dev ${name} table \\d+`, 'g'))
        expect(new Set(tables).size, network).toBe(1)
      }
      expect(new Set(network.match(/lookup 518\d\d/g))).toEqual(
        new Set(['lookup 51820', 'lookup 51821']),
      )
      const [first = '', last = ''] = files
      expect((await wgctrl('down', first)).status).toBe(0)
      const left = (await machine()).network
      expect(left.match(/lookup 518\d\d/g)).toHaveLength(2)
      expect(left).not.toContain('wgone')
      expect((await wgctrl('down', last)).status).toBe(0)
      expect(await machine()).toEqual(before)
    }
  })
})
