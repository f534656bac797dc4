import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { NF_VERDICT, NFT_REG, Nftables } from '@wgctrl/netlink'
import { expect, it, onTestFinished } from 'vitest'

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

/** On 7.3 nfnetlink is part of the kernel itself: of the two that may lack there is nf_tables alone. */
const isModule = (name: string): Promise<boolean> =>
  execute('modprobe', ['--show-depends', name]).then(
    () => true,
    () => false,
  )

it('a kernel without nf_tables, or without nfnetlink, says so; one that can loads them', async () => {
  await execute('modprobe', ['--all', 'nft_fib_ipv4', 'nft_fib_ipv6', 'nft_ct', 'nft_masq'])
  await unloadTables()
  const loader = await readFile(LOADER)
  onTestFinished(() => writeFile(LOADER, loader))
  const missing = { code: 'EUNSUPPORTED', feature: 'nf_tables' }
  await writeFile(LOADER, '/nonexistent')
  expect(await readFile('/proc/modules', 'utf8')).not.toMatch(/^(nf_tables|nfnetlink) /m)
  await expect(Nftables.open()).rejects.toMatchObject({ ...missing, message: /no nf_tables/ })
  if (await isModule('nfnetlink')) await execute('modprobe', ['nfnetlink'])
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
