import { onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { uniqueName } from '../contract/harness.js'
import { isolate } from '../contract/harnesses/isolation.js'
import { commandMemory } from './command-memory.js'

commandMemory(async () => {
  await isolate()
  const backend = new UserspaceBackend()
  const name = uniqueName()
  await backend.create(name)
  onTestFinished(() => backend.delete(name))
  return name
})
