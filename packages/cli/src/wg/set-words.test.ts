import { describe, expect, it } from 'vitest'
import { fakeIo } from '../testing.fixture.js'
import { parseSetWords } from './set-words.js'

const KEY = Buffer.alloc(32, 1).toString('base64')

async function networksOf(...lists: string[]): Promise<object> {
  const words = lists.flatMap((list) => ['allowed-ips', list])
  const { peers } = await parseSetWords(['peer', KEY, ...words], fakeIo())
  const [peer] = peers
  const signs = peer?.allowedIPs.map(({ cidr, remove }) => (remove ? '-' : '+') + cidr)
  return { replaces: peer?.replacesNetworks === true, networks: signs }
}

/** @source wireguard-tools, src/config.c: parse_ip_prefix, since 2025 */
describe('allowed-ips', () => {
  it.each([
    [['10.0.0.0/8'], true, ['+10.0.0.0/8']],
    [['+10.0.0.0/8'], false, ['+10.0.0.0/8']],
    [['-10.0.0.0/8'], false, ['-10.0.0.0/8']],
    [['10.0.0.0/8, -10.1.0.0/16 ,+::/0'], false, ['+10.0.0.0/8', '-10.1.0.0/16', '+::/0']],
    [['+10.0.0.1', 'fd00::1'], true, ['+10.0.0.1/32', '+fd00::1/128']],
    [['10.0.0.1', '-fd00::1'], false, ['+10.0.0.1/32', '-fd00::1/128']],
    [[''], true, []],
    [['+10.0.0.1', ''], true, ['+10.0.0.1/32']],
  ])('%j', async (lists, replaces, networks) => {
    expect(await networksOf(...lists)).toEqual({ replaces, networks })
  })

  it.each(['++10.0.0.1', '+-10.0.0.1', '+', '-', '+,10.0.0.1', '- x'])('not %j', async (list) => {
    await expect(networksOf(list)).rejects.toThrow('Unable to parse IP address')
  })

  it('leave a peer alone that none are given for', async () => {
    expect(await networksOf()).toEqual({ replaces: false, networks: [] })
  })

  it('warn of bits behind the prefix', async () => {
    const io = fakeIo()
    await parseSetWords(['peer', KEY, 'allowed-ips', '+10.0.0.1/8'], io)
    expect(io.written.err).toBe('Warning: AllowedIP has nonzero host part: 10.0.0.1/8\n')
  })
})

describe('what wg(8) takes for another number', () => {
  it.each([
    ['listen-port', '65536'],
    ['listen-port', '70000'],
    ['listen-port', 'http'],
    ['listen-port', ' 1'],
  ])('%s %j is refused', async (...words) => {
    await expect(parseSetWords(words, fakeIo())).rejects.toThrow(`\`${words[1]}'`)
  })

  it.each(['127.0.0.1:0', '127.0.0.1:65536', '[::1]:99999'])(
    'endpoint %s is refused',
    async (text) => {
      const words = ['peer', KEY, 'endpoint', text]
      await expect(parseSetWords(words, fakeIo())).rejects.toThrow(`\`${text}'`)
    },
  )
})
