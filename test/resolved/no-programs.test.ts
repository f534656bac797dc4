import { expect, it } from 'vitest'
import { cases } from '../lifecycle/cases.js'
import { run } from '../lifecycle/command.js'
import { chosenBackend, usePrograms } from '../lifecycle/sides.js'
import { traceLife } from '../lifecycle/trace.js'
import { ResolvedStage } from './stage.js'

it('up and down with name servers start no program where systemd-resolved runs, and open no file of others', async () => {
  await using stage = await ResolvedStage.begin()
  using _ = usePrograms(await stage.programsAs('resolvconf', 'resolvectl'))
  await run('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'far')
  await run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'uplink')
  for (const name of ['uplink', 'far']) await run('ip', 'link', 'set', name, 'up')
  await run('ip', 'route', 'add', 'default', 'via', '192.0.2.1')
  const dns = { servers: ['10.0.0.53'], search: ['a.example'] }
  const { programs, foreignFiles } = await traceLife(
    { name: 'wg0', ...cases['the default routes of both'], dns },
    { kind: await chosenBackend() },
  )
  expect(programs).toEqual([])
  expect(foreignFiles).toEqual([])
  // It was told, both times.
  expect(
    (await stage.log()).match(/wg0: Bus client set DNS server list to: 10\.0\.0\.53/g),
  ).toHaveLength(2)
})
