import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { type InterfaceConfig, open } from 'wgctrl'
import { uniqueName } from '../../contract/harness.js'
import { keyPair } from '../../contract/samples.js'

const execute = promisify(execFile)

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
