import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileDatagrams, datagrams } from './datagrams.js'
import { makePair, type Pair } from './pair.js'
import { Program, start, temporaryFolder, WGCTRL } from './program.js'
import { serviceManager } from './service-manager.js'

const execute = promisify(execFile)
const cli = fileURLToPath(new URL('../../packages/cli', import.meta.url))

/** Makes V8's young generation as large as it gets, and prints its bytes. */
const FILL_YOUNG = `
let kept = []
for (let at = 0; at < 2e6; at++) {
  kept.push({ at })
  if (kept.length > 1e5) kept = []
}
const spaces = require('node:v8').getHeapSpaceStatistics()
console.log(spaces.find((space) => space.space_name === 'new_space').space_size)`

let pair: Pair
/** Of the config of a gateway on Alice's device. */
let folder: string

beforeAll(async () => {
  await compileDatagrams()
  pair = await makePair()
  folder = await temporaryFolder()
  await mkdir(join(folder, 'clients'))
  await writeFile(join(folder, `${pair.alice.device}.conf`), pair.alice.config, { mode: 0o600 })
  await gatewayConfig('gateway.json')
})

afterAll(() => pair?.[Symbol.asyncDispose]())

async function gatewayConfig(name: string, more: object = {}): Promise<void> {
  const file = `${pair.alice.device}.conf`
  const config = { interface: { file }, store: { type: 'file', path: 'clients' }, ...more }
  await writeFile(join(folder, name), JSON.stringify(config), { mode: 0o600 })
}

const services = {
  metrics: () => ['metrics', '--listen', '127.0.0.1:0', pair.alice.device],
  handshakes: () => ['handshakes', pair.alice.device],
  gateway: () => ['gateway', '--config', join(folder, 'gateway.json')],
}

/** Waits until a service has done what it is there for. */
const works = {
  async metrics(service: Program) {
    const [, url = ''] = await service.says(/(http:\S+\/metrics)/, 'err')
    expect(await (await fetch(url)).text()).toContain(`interface="${pair.alice.device}"`)
  },
  async handshakes(service: Program) {
    while (!/ from 127\.0\.0\.1/.test(service.out)) {
      await pair.shakeHands()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  },
  async gateway(service: Program) {
    const carol = generatePrivateKey()
    const text = `[Peer]\nPublicKey = ${publicKey(carol)}\nAllowedIPs = 10.10.0.1/32\n`
    const path = join(folder, 'clients', 'carol.conf')
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
    const isIn = () => service.out.includes(`installed publicKey=${publicKey(carol)}`)
    while (!isIn()) {
      await pair.callAs(carol)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  },
}

describe.each(['metrics', 'handshakes', 'gateway'] as const)('wgctrl %s as a service', (name) => {
  it('tells its manager that it is ready, lives, reloads and stops', async () => {
    const { receiver, env } = await serviceManager()
    const service = start(services[name](), { ...env, WATCHDOG_USEC: '400000' })
    await receiver.says(/^READY=1\nSTATUS=\S.*/)
    await receiver.says(/WATCHDOG=1/)
    service.kill('SIGHUP')
    // Signs of life come meanwhile.
    await receiver.says(/RELOADING=1\nMONOTONIC_USEC=\d+(?:WATCHDOG=1|STATUS=[^=]*)*READY=1/)
    service.kill('SIGTERM')
    expect(await service.status()).toBe(0)
    await receiver.says(/STOPPING=1$/)
    expect(service.err).not.toContain('warning')
  })

  it('goes on without a manager, and without a way to reach it, which it says once', async () => {
    const alone = start(services[name]())
    await works[name](alone)
    alone.kill('SIGTERM')
    expect(await alone.status()).toBe(0)
    const deaf = start(services[name](), { NOTIFY_SOCKET: '/run/none', WATCHDOG_USEC: '200000' })
    await deaf.says(/told nothing/, 'err')
    await works[name](deaf)
    // There is something to tell in each of them.
    for (const signal of ['SIGHUP', 'SIGINT'] as const) deaf.kill(signal)
    expect(await deaf.status()).toBe(0)
    expect(deaf.err.match(/told nothing/g)).toHaveLength(1)
  })

  it('says once that unix-dgram is not there', async () => {
    const { env } = await serviceManager()
    // In the file's own mount namespace: other files load it meanwhile.
    const built = join(datagrams(), 'build/Release')
    await execute('mount', ['-t', 'tmpfs', 'none', built])
    try {
      const service = start(services[name](), env)
      await service.says(/unix-dgram is not installed, or not compiled/, 'err')
      await works[name](service)
      for (const signal of ['SIGHUP', 'SIGTERM'] as const) service.kill(signal)
      expect(await service.status()).toBe(0)
      expect(service.err.match(/warning/g)).toHaveLength(1)
    } finally {
      await execute('umount', [built])
    }
  })

  it('fails when it cannot start, and tells that it stops', async () => {
    const { receiver, env } = await serviceManager()
    const taken = start(services.metrics())
    const [, port = ''] = await taken.says(/127\.0\.0\.1:(\d+)\/metrics/, 'err')
    const listen = `127.0.0.1:${port}`
    await gatewayConfig('taken.json', { listen })
    const cases = {
      metrics: { args: ['--listen', listen], says: /EADDRINUSE/ },
      handshakes: { args: ['wgnone'], says: /no such device/ },
      gateway: { args: ['--config', join(folder, 'taken.json')], says: /EADDRINUSE/ },
    }
    const { args, says } = cases[name]
    const service = start([name, ...args], env)
    expect(await service.status()).toBe(1)
    expect(service.err).toMatch(says)
    await receiver.says(/^STOPPING=1$/)
  })
})

describe('the services', () => {
  it('that tell of handshakes go on when nobody reads their standard error, or they have none', async () => {
    for (const closed of ['2>&-', '2> >(exec head -c 1 >/dev/null)']) {
      const words = [...services.handshakes(), '--names', '/nowhere/names.conf']
      const args = ['-c', `exec "$0" "$@" ${closed}`, process.execPath, WGCTRL, ...words]
      // There is something to say from the first on, and each time.
      const service = new Program('bash', args, { NOTIFY_SOCKET: '/run/none' })
      await works.handshakes(service)
      service.kill('SIGHUP')
      service.out = ''
      await works.handshakes(service)
      service.kill('SIGTERM')
      expect(await service.status()).toBe(0)
    }
  })

  it('read the names again on SIGHUP', async () => {
    const file = join(await temporaryFolder(), 'names.conf')
    const named = (name: string) =>
      writeFile(file, `[Peer]\n# Name = ${name}\nPublicKey = ${pair.bob.publicKey}\n`)
    await named('bob')
    const metrics = start([...services.metrics(), '--names', file])
    const [, url = ''] = await metrics.says(/(http:\S+\/metrics)/, 'err')
    const { receiver, env } = await serviceManager()
    const handshakes = start([...services.handshakes(), '--names', file], env)
    expect(await (await fetch(url)).text()).toContain('friendly_name="bob"')
    await receiver.says(/READY=1/)
    await named('robert')
    for (const service of [metrics, handshakes]) service.kill('SIGHUP')
    let page = ''
    while (!page.includes('friendly_name="robert"')) page = await (await fetch(url)).text()
    await receiver.says(/RELOADING=1\n.*READY=1/s)
    await pair.shakeHands()
    await handshakes.says(/\(robert\) from 127\.0\.0\.1/)
    for (const service of [metrics, handshakes]) {
      service.kill('SIGTERM')
      expect(await service.status()).toBe(0)
    }
  })

  it('have units that systemd takes, with no more rights than they need', async () => {
    const unit = (name: string): string => join(cli, 'systemd', name)
    const names = ['wgctrl-metrics.service', 'wgctrl-handshakes@.service', 'wgctrl-gateway.service']
    const paths = names.map(unit)
    const served = ['wgctrl-serve.service', 'wgctrl-serve.socket'].map(unit)
    const { stderr } = await execute('systemd-analyze', ['verify', '--man=no', ...paths, ...served])
    expect(stderr).toBe('')
    for (const path of paths) {
      const text = await readFile(path, 'utf8')
      const granted = text.match(/^(?:Ambient|CapabilityBounding).*=(.*)$/gm)?.join(' ') ?? ''
      const rights = new Set(granted.match(/CAP_\w+/g))
      expect([...rights].filter((right) => !/^CAP_NET_(ADMIN|RAW)$/.test(right))).toEqual([])
      // What makes interfaces is root, with the two rights alone.
      const user = path.includes('gateway')
        ? 'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW'
        : 'DynamicUser=yes'
      for (const line of ['Type=notify', user, 'NoNewPrivileges=yes', 'WatchdogSec=30']) {
        expect(text.split('\n')).toContain(line)
      }
    }
  })

  it('lets a gateway collect what is young in small portions', async () => {
    const text = await readFile(join(cli, 'systemd/wgctrl-gateway.service'), 'utf8')
    const [, options] = /^Environment=NODE_OPTIONS=(.+)$/m.exec(text) ?? []
    const env = { ...process.env, NODE_OPTIONS: options }
    const { stdout } = await execute(process.execPath, ['--eval', FILL_YOUNG], { env })
    // Two halves, of which one is empty; 16 MB each where nothing is said.
    expect(Number(stdout)).toBeLessThanOrEqual(2 * 2 ** 21)
  })
})
