import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { NF_VERDICT, NFT_REG, Nftables } from '@wgctrl/netlink'
import { expect, it, onTestFinished } from 'vitest'
import { type InterfaceConfig, open } from 'wgctrl'
import { uniqueName } from '../../contract/harness.js'
import { keyPair } from '../../contract/samples.js'

const execute = promisify(execFile)

/** What the kernel has load a module that it lacks. */
const LOADER = '/proc/sys/kernel/modprobe'

/** Takes nf_tables out of the kernel, and before it what others had loaded that uses it. */
async function unloadTables(): Promise<void> {
  for (;;) {
    const modules = (await readFile('/proc/modules', 'utf8')).split('\n')
    const idle = modules.flatMap((line) => {
      const [name = '', , users] = line.split(' ')
      return users === '0' && /^(nft_|nf_tables$|nfnetlink)/.test(name) ? [name] : []
    })
    if (idle.length === 0) return
    await execute('rmmod', idle)
  }
}

it('a kernel without nf_tables, or without nfnetlink, says so; one that can loads them', async () => {
  await execute('modprobe', ['--all', 'nft_fib_ipv4', 'nft_fib_ipv6', 'nft_ct', 'nft_masq'])
  await unloadTables()
  const loader = await readFile(LOADER)
  onTestFinished(() => writeFile(LOADER, loader))
  const missing = { code: 'EUNSUPPORTED', feature: 'nf_tables' }
  await writeFile(LOADER, '/nonexistent')
  expect(await readFile('/proc/modules', 'utf8')).not.toMatch(/^(nf_tables|nfnetlink) /m)
  await expect(Nftables.open()).rejects.toMatchObject({ ...missing, message: /no nf_tables/ })
  await execute('modprobe', ['nfnetlink'])
  await expect(Nftables.open()).rejects.toMatchObject(missing)
  await writeFile(LOADER, loader)
  await using nftables = await Nftables.open()
  const ref = { family: 'inet', table: 'wgctrl-test' } as const
  const base = { type: 'filter', hook: 'input', priority: -7 } as const
  const data = { dreg: NFT_REG.verdict, data: { verdict: { code: NF_VERDICT.accept } } }
  await nftables.apply([
    { change: 'add-table', exclusive: true, ...ref },
    { change: 'add-chain', ...ref, chain: 'c', base },
    { change: 'add-rule', ...ref, chain: 'c', expressions: [{ name: 'immediate', data }] },
  ])
  expect(await nftables.chains()).toEqual([
    { ...ref, chain: 'c', base: { ...base, policy: 'accept' } },
  ])
  expect(await nftables.rules(ref)).toMatchObject([{ expressions: [{ name: 'immediate' }] }])
  await nftables.apply([{ change: 'delete-table', ...ref }])
  expect(await nftables.tables()).toEqual([])
})

it('the tables of an interface are the same by netlink and by nft', async () => {
  await using wg = await open()
  const config: InterfaceConfig = {
    name: uniqueName(),
    privateKey: keyPair(1).privateKey,
    addresses: ['10.9.0.1/24', '10.9.1.1/25', 'fd00:9::1/61'],
    nat: {},
    betweenClients: false,
    peers: [{ publicKey: keyPair(2).publicKey, allowedIPs: ['0.0.0.0/0', '::/0'] }],
  }
  const listed = async () => {
    const { stdout } = await execute('nft', ['-j', 'list', 'ruleset'])
    return JSON.parse(stdout, (key, value) => (key === 'handle' ? undefined : value))
  }
  const before = await listed()
  const seen: unknown[] = []
  for (const firewall of ['netlink', 'nft'] as const) {
    const other = firewall === 'nft' ? 'netlink' : 'nft'
    expect((await wg.up(config, { firewall })).warnings).toEqual([])
    seen.push(await listed())
    expect(await wg.reconcile(config.name, config, { firewall: other })).toEqual([])
    await wg.down(config.name, { firewall: other })
    expect(await listed()).toEqual(before)
  }
  expect(seen[0]).not.toEqual(before)
  expect(seen[1]).toEqual(seen[0])
})
