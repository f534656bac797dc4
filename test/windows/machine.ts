import { readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { probe, Rtnl } from '@wgctrl/netlink'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  generatePrivateKey,
  open,
  parseConfig,
  readConfigFile,
  UserspaceBackend,
  writeConfigFile,
} from 'wgctrl'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { pipeOf } from './fake-pipe.js'

/** What a Windows machine has and lacks, beside the devices of the contract. */
export function machine(): void {
  const serve = async (): Promise<string> => {
    const name = uniqueName()
    const server = await FakeUapiServer.listen(pipeOf(name), new FakeDevice(name))
    onTestFinished(() => server[Symbol.asyncDispose]())
    return name
  }

  describe('a Windows machine', () => {
    it('open() finds pipes, and says why there are no kernel devices', async () => {
      await using wg = await open()
      const [kernel, userspace] = wg.backends
      expect(userspace).toMatchObject({ kind: 'userspace', available: true })
      expect(kernel).toMatchObject({
        kind: 'linux-kernel',
        available: false,
        reason: { code: 'ENOBACKEND' },
      })
      expect((kernel as { reason: Error }).reason.message).toContain('netlink needs Linux')
    })

    it('a device is called by its name; what there is cannot be told', async () => {
      await using wg = await open()
      const name = await serve()
      await wg.configure(name, { firewallMark: 3 })
      expect(await wg.device(name)).toMatchObject({ name, firewallMark: 3 })
      const unknown = { code: 'EUNSUPPORTED', feature: 'list' }
      expect(await failure(wg.names())).toMatchObject(unknown)
      expect((await wg.devices()).errors).toMatchObject([unknown])
    })

    it('netlink and what is made of it: EUNSUPPORTED', async () => {
      await using wg = await open()
      const name = await serve()
      const refused = { code: 'EUNSUPPORTED' }
      await wg.configure(name, { privateKey: generatePrivateKey(), listenPort: 1 })
      expect(await failure(Rtnl.open())).toMatchObject(refused)
      expect(await probe()).toMatchObject({ state: 'unsupported-platform' })
      expect(await failure(wg.up({ name: uniqueName() }))).toMatchObject(refused)
      expect(await failure(wg.down(name))).toMatchObject(refused)
      expect(await failure(wg.reconcile(name, {}))).toMatchObject(refused)
      expect(await failure(wg.handshakes(name).start())).toMatchObject(refused)
      expect(await failure(wg.create(uniqueName()))).toMatchObject(refused)
      expect(await failure(open({ backends: ['linux-kernel'] }))).toMatchObject({
        code: 'ENOBACKEND',
      })
      expect(() => new UserspaceBackend({ socketDir: 'C:\\sockets' })).toThrow(
        expect.objectContaining({ ...refused, feature: 'socketDir' }),
      )
    })

    it('sync() works on a device that is named; watch() finds devices by their list', async () => {
      await using wg = await open()
      const name = await serve()
      const publicKey = Buffer.alloc(32, 9).toString('base64')
      const changes = await wg.sync(name, { peers: [{ publicKey }] })
      expect(changes).toHaveLength(1)
      expect(await wg.sync(name, { peers: [{ publicKey }] })).toEqual([])
      expect((await wg.device(name, { maxAge: 60_000 })).peers).toHaveLength(1)
      const unknown = { code: 'EUNSUPPORTED', feature: 'list' }
      expect(await failure(wg.watch(name).next())).toMatchObject(unknown)
    })

    it('config files keep their line ends and their bytes', async () => {
      const lines = [
        '[Interface]',
        '# Büro',
        'ListenPort = 5',
        '',
        '[Peer]',
        `PublicKey = ${KEY}`,
        '',
      ]
      for (const end of ['\r\n', '\n']) {
        const path = join(tmpdir(), `${uniqueName()}.conf`)
        await writeFile(path, lines.join(end), { mode: 0o600 })
        const config = await readConfigFile(path)
        expect(parseConfig(await readFile(path, 'utf8')).interface.listenPort).toBe(5)
        await writeConfigFile(path, config)
        expect(await readFile(path, 'utf8')).toBe(lines.join(end))
        expect((await stat(path)).isFile()).toBe(true)
      }
    })
  })
}

const KEY = Buffer.alloc(32, 7).toString('base64')
