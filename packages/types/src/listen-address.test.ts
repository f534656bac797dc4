import { describe, expect, it } from 'vitest'
import { parseListenAddress } from './listen-address.js'

describe('parseListenAddress', () => {
  it('takes an address and a port', () => {
    expect(parseListenAddress('127.0.0.1:9586')).toEqual({ host: '127.0.0.1', port: 9586 })
    expect(parseListenAddress('[::1]:0')).toEqual({ host: '::1', port: 0 })
    expect(parseListenAddress('localhost:1')).toEqual({ host: 'localhost', port: 1 })
  })

  it('refuses all else', () => {
    const wrong = [
      '9586',
      ':9586',
      '::1:9586',
      '[x]:1',
      '[1.2.3.4]:1',
      '1.2.3.4:65536',
      '1.2.3.4:',
      'a b:1',
      '',
    ]
    for (const text of wrong) {
      const refusal = expect.objectContaining({ code: 'EINVAL', path: '--listen' })
      expect(() => parseListenAddress(text, '--listen'), text).toThrow(refusal)
    }
    expect(() => parseListenAddress('9586', '--listen')).toThrow('--listen: expected address:port')
  })
})
