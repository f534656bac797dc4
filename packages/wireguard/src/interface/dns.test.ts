import { describe, expect, it } from 'vitest'
import { resolvConf } from './dns.js'

describe('resolvConf', () => {
  it('has a line for each server and one for all domains', () => {
    const dns = { servers: ['10.0.0.53', 'fd00::53'], search: ['a.example', 'b.example'] }
    expect(resolvConf(dns)).toBe(
      'nameserver 10.0.0.53\nnameserver fd00::53\nsearch a.example b.example\n',
    )
  })

  it('has no line for no domain', () => {
    expect(resolvConf({ servers: ['10.0.0.53'], search: [] })).toBe('nameserver 10.0.0.53\n')
  })
})
