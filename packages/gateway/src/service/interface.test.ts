import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatePrivateKey } from '@wgctrl/types'
import { expect, it, onTestFinished } from 'vitest'
import { open } from 'wgctrl'
import { MemoryMachine } from 'wgctrl/testing'
import { Gateway } from './gateway.js'
import { ensureInterface } from './interface.js'

const { signal } = new AbortController()
const store = { type: 'file', path: '/nowhere' } as const
const cache = { size: 1, maxAge: 1, patience: 1 }
const times = { idle: 1, negativeTtl: 1, lookupTimeout: 1, maxLookups: 1 }

async function disguisedFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-gateway-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'awg0.conf')
  const text = `[Interface]\nPrivateKey = ${generatePrivateKey().toBase64()}\nJc = 4\nH1 = 100-199\n`
  await writeFile(file, text, { mode: 0o600 })
  return file
}

it('is what its file says in the dialect of the config', async () => {
  const file = await disguisedFile()
  const wg = await open({ backends: [new MemoryMachine()] })
  onTestFinished(() => wg.close())
  await ensureInterface(wg, { file, dialect: 'amneziawg' }, () => {}, signal)
  expect((await wg.device('awg0')).amnezia).toEqual({ jc: 4, h1: '100-199' })
})

it.each([
  ['dialect', { file: 'awg0.conf', dialect: 'amneziawg' }],
  ['file', { file: 'awg1.conf' }],
  ['backend', { file: 'awg0.conf', backend: 'userspace' }],
] as const)('keeps its %s as long as the service runs', async (field, changed) => {
  const config = { interface: { file: 'awg0.conf' }, store, cache, log: 'text', ...times } as const
  const readConfig = async () => ({ ...config, interface: changed })
  const refusal = { code: 'EINVAL', path: `interface.${field}` }
  await expect(new Gateway(config, { readConfig }).reload()).rejects.toMatchObject(refusal)
})
