import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { installation } from './install.js'

const key = publicKey(generatePrivateKey())
const source = { address: '192.0.2.1', port: 7, family: 4 } as const
const allowedIPs = ['10.0.0.1/32']

describe('installation', () => {
  it('switches the keepalive on and off again, which makes the device initiate', () => {
    expect(installation(key, source, { allowedIPs }, true)).toEqual([
      {
        publicKey: key,
        endpoint: source,
        allowedIPs,
        replaceAllowedIPs: true,
        persistentKeepalive: 65_535,
      },
      { publicKey: key, updateOnly: true, persistentKeepalive: 0 },
    ])
  })

  it('switches on the one that is wanted, where one is', () => {
    const entries = installation(key, source, { allowedIPs, persistentKeepalive: 25 }, true)
    expect(entries).toMatchObject([{ persistentKeepalive: 25 }])
  })

  it('only installs when it shall not initiate', () => {
    expect(installation(key, source, { persistentKeepalive: null }, false)).toMatchObject([
      { persistentKeepalive: 0 },
    ])
  })

  it('puts the source in the place of a recorded endpoint, unless it lacks its scope', () => {
    const found = { endpoint: '192.0.2.9:9' }
    expect(installation(key, source, found, false)[0]?.endpoint).toEqual(source)
    const linkLocal = { address: 'fe80::1', port: 7, family: 6 } as const
    expect(installation(key, linkLocal, found, false)[0]?.endpoint).toBe('192.0.2.9:9')
    expect(installation(key, linkLocal, {}, false)[0]?.endpoint).toBeUndefined()
  })

  it('refuses the config of another key, and what is none', () => {
    const other = publicKey(generatePrivateKey())
    expect(() => installation(key, source, { publicKey: other }, true)).toThrow(/another key/)
    expect(() => installation(key, source, 'x' as never, true)).toThrow(TypeError)
    expect(installation(key, source, { publicKey: key }, true)).toHaveLength(2)
  })
})
