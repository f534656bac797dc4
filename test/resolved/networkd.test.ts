import { readFile } from 'node:fs/promises'
import { expect, it, vi } from 'vitest'
import { findResolved } from '../../packages/wireguard/src/interface/resolved.js'
import { layLink } from './link.js'
import { ResolvedStage } from './stage.js'

const dns = { servers: ['10.9.0.53'], search: ['a.example'] }

it('a link that systemd-networkd manages has its name servers from there, as by resolvectl', async () => {
  const index = await layLink()
  await using stage = await ResolvedStage.begin()
  await stage.manage('link0')
  const known = () => readFile(`/run/systemd/netif/links/${index}`, 'utf8')
  await vi.waitFor(async () => expect(await known()).toContain('ADMIN_STATE=configured'))
  const resolved = await findResolved(undefined)
  if (typeof resolved === 'string') throw new Error(resolved)
  // It takes a moment until one has heard of the other.
  await vi.waitFor(async () => {
    await resolved.setLink(index, dns, 'link0')
    expect(await known()).toContain('DNS=10.9.0.53')
  })
  await vi.waitFor(async () => {
    expect(await stage.told('link0')).toEqual([
      `Link ${index} (link0): 10.9.0.53\n`,
      `Link ${index} (link0): a.example ~.\n`,
      `Link ${index} (link0): yes\n`,
    ])
  })
  const ours = await known()
  await resolved.revertLink(index)
  await vi.waitFor(async () => expect(await known()).not.toContain('DNS=10.9.0.53'))
  await stage.resolvectl('dns', 'link0', ...dns.servers)
  await stage.resolvectl('domain', 'link0', '~.', ...dns.search)
  await vi.waitFor(async () => expect(await known()).toBe(ours))
})
