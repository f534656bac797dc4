import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readCredentials } from './credentials.js'

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-credentials-'))
  file = join(folder, 'gateway.creds')
})

afterEach(() => rm(folder, { recursive: true }))

const write = (text: string): Promise<void> => writeFile(file, text, { mode: 0o600 })
const part = (name: string, text: string, end = '\n'): string =>
  [`-----BEGIN ${name}-----`, text, `------END ${name}------`, '', ''].join(end)

it.each(['\n', '\r\n'])(
  'has the private key in bytes, which can be wiped (lines that end in %j)',
  async (end) => {
    await write(part('NATS USER JWT', 'eyJ0', end) + part('USER NKEY SEED', 'SUAB', end))
    const { jwt, seed, wipe } = await readCredentials(file)
    expect(jwt).toBe('eyJ0')
    expect([...seed]).toEqual([...Buffer.from('SUAB')])
    wipe()
    expect([...seed]).toEqual([0, 0, 0, 0])
  },
)

it.each([
  '',
  part('NATS USER JWT', 'eyJ0'),
  part('USER NKEY SEED', 'SUAB'),
  part('NATS USER JWT', '') + part('USER NKEY SEED', 'SUAB'),
  '-----BEGIN NATS USER JWT-----',
])('refuses what has no credentials: %j', async (text) => {
  await write(text)
  await expect(readCredentials(file)).rejects.toMatchObject({ code: 'EINVAL' })
})
