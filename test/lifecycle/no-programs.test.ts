import { expect, it } from 'vitest'
import { cases } from './cases.js'
import { TestNamespace } from './namespace.js'
import { chosenBackend, Ours } from './sides.js'
import { traceLife } from './trace.js'

const kind = await chosenBackend()

it('up and down without name servers start no program, and open no file of others', async () => {
  await using namespace = await TestNamespace.create('wgctrl-traced')
  await using _ = await Ours.in(namespace, kind)
  const { dns: __, ...settings } = cases['the default routes of both'] ?? {}
  const config = { name: 'wg0', ...settings, nat: {}, betweenClients: false }
  const { programs, files, foreignFiles } = await traceLife(config, {
    namespace: namespace.name,
    kind,
  })
  expect(programs).toEqual([])
  expect(foreignFiles).toEqual([])
  // It was looked at what it did.
  expect(files).toContainEqual(expect.stringContaining('src_valid_mark'))
})
