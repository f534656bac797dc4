import { generatePrivateKey, publicKey } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { installation, provocation } from './install.js'

const key = publicKey(generatePrivateKey())
const source = { address: '192.0.2.1', port: 7, family: 4 } as const
const allowedIPs = ['10.0.0.1/32']

describe('installation', () => {
  it('has no keepalive when it shall be quiet, else the one that is wanted', () => {
    const found = { allowedIPs, persistentKeepalive: 25 }
    const quiet = {
      publicKey: key,
      endpoint: source,
      allowedIPs,
      replaceAllowedIPs: true,
      persistentKeepalive: 0,
    }
    expect(installation(key, source, found, true)).toEqual(quiet)
    expect(installation(key, source, found, false)).toEqual({ ...quiet, persistentKeepalive: 25 })
    expect(installation(key, source, { allowedIPs }, false)).toEqual(quiet)
  })

  it('puts the source in the place of a recorded endpoint, unless it lacks its scope', () => {
    const found = { endpoint: '192.0.2.9:9' }
    expect(installation(key, source, found, false).endpoint).toEqual(source)
    const linkLocal = { address: 'fe80::1', port: 7, family: 6 } as const
    expect(installation(key, linkLocal, found, false).endpoint).toBe('192.0.2.9:9')
    expect(installation(key, linkLocal, {}, false).endpoint).toBeUndefined()
  })

  it('refuses the config of another key, and what is none', () => {
    const other = publicKey(generatePrivateKey())
    expect(() => installation(key, source, { publicKey: other }, true)).toThrow(/another key/)
    expect(() => installation(key, source, 'x' as never, true)).toThrow(TypeError)
    expect(installation(key, source, { publicKey: key }, true)).toMatchObject({ publicKey: key })
  })
})

describe('provocation', () => {
  it.each([
    ['on and off again', {}, [65_535, 0]],
    ['on and off again where none is wanted', { persistentKeepalive: null }, [65_535, 0]],
    ['on, where one is wanted', { persistentKeepalive: 25 }, [25]],
  ])('switches the keepalive %s, and makes no peer that is gone', (_, found, seconds) => {
    expect(provocation(key, found)).toEqual(
      seconds.map((persistentKeepalive) => ({
        publicKey: key,
        updateOnly: true,
        persistentKeepalive,
      })),
    )
  })
})
