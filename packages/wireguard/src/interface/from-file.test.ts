import { expect, it } from 'vitest'
import { type FileInterface, fromFile } from './from-file.js'
import { checkNamedInterface } from './interface-config.js'

const file: FileInterface = {
  addresses: ['10.0.0.1/24'],
  dns: ['10.0.0.53'],
  dnsSearch: ['corp.example'],
  mtu: 1380,
  table: 'off',
  preUp: [],
  postUp: ['echo %i'],
  preDown: [],
  postDown: [],
  saveConfig: true,
  device: { listenPort: 7, peers: [] },
}

it('takes all that a file says', () => {
  const config = fromFile('wg0', file)
  expect(config.name).toBe('wg0')
  expect(checkNamedInterface(config)).toEqual({
    device: { listenPort: 7, peers: [] },
    addresses: [{ family: 4, text: '10.0.0.1/24' }],
    dns: { servers: ['10.0.0.53'], search: ['corp.example'] },
    mtu: 1380,
    table: 'off',
    hooks: { preUp: [], postUp: ['echo %i'], preDown: [], postDown: [] },
    forwarding: { forward: false, nat: undefined, betweenClients: true },
    saveConfig: true,
  })
})

it('search domains without a server count for nothing, as with wg-quick(8)', () => {
  expect(fromFile('wg0', { ...file, dns: [] }).dns).toBeUndefined()
})
