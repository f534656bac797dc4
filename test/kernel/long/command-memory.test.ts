import { KernelBackend } from '@wgctrl/netlink'
import { onTestFinished } from 'vitest'
import { uniqueName } from '../../contract/harness.js'
import { isolate } from '../../contract/harnesses/isolation.js'
import { commandMemory } from '../../secrets/command-memory.js'

commandMemory(async () => {
  await isolate()
  const name = uniqueName()
  await using backend = new KernelBackend()
  await backend.create(name)
  onTestFinished(async () => {
    await using another = new KernelBackend()
    await another.delete(name)
  })
  return name
})
