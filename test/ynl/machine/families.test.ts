import { Connection, listFamilies, NETLINK } from '@wgctrl/netlink'
import { openFamily } from '@wgctrl/ynl'
import { expect, it } from 'vitest'
import { kernelSpecs } from '../../kernel/specs.mjs'
import { compareWithTheKernelsOwn } from '../compare.js'
import { everywhere } from '../everywhere.js'
import { inMachine } from '../in-machine.js'
import { KernelClient } from '../kernel-client.js'

await using connection = await Connection.open({ protocol: NETLINK.generic })
const families = new Set((await listFamilies(connection)).map(({ name }) => name))
const missing = inMachine.filter((each) => each.mayBeMissing && !families.has(each.family))

compareWithTheKernelsOwn([...everywhere, ...inMachine.filter((each) => !missing.includes(each))])

it.each(missing.map(({ family }) => family))('%s is missing for both clients', async (family) => {
  const source = await kernelSpecs('newest')
  const spec = `${source}/Documentation/netlink/specs/${family}.yaml`
  await expect(openFamily(spec)).rejects.toMatchObject({ code: 'ENOENT' })
  const theirs = new KernelClient(source, undefined)
  expect(await theirs.dump(spec, 'dev-get', {})).toMatchObject({
    failure: expect.stringMatching(/not supported by the kernel/),
  })
  await theirs.close()
})
