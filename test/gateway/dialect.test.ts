import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkGatewayConfig, Gateway } from '@wgctrl/gateway'
import { generatePrivateKey } from '@wgctrl/types'
import { expect, it, onTestFinished } from 'vitest'

it('looks for devices of its dialect: here is neither the module nor the daemon of AmneziaWG', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-dialect-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'awg0.conf')
  await writeFile(file, `[Interface]\nPrivateKey = ${generatePrivateKey().toBase64()}\nJc = 4\n`, {
    mode: 0o600,
  })
  const config = {
    interface: { file, dialect: 'amneziawg' },
    store: { type: 'file', path: folder },
  }
  const gateway = new Gateway(checkGatewayConfig(config, join(folder, 'gateway.json')))
  await expect(gateway.start()).rejects.toMatchObject({ code: 'ENOBACKEND' })
  await gateway.stop()
})
