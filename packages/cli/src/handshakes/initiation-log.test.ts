import { describe, expect, it, vi } from 'vitest'
import type { Handshakes, Initiation } from 'wgctrl'
import { parseConfig } from 'wgctrl'
import { PeerNames } from '../peer-names/peer-names.js'
import { InitiationLog, type InitiationLogOptions } from './initiation-log.js'

const KEY = Buffer.alloc(32, 1).toString('base64')

const initiation: Initiation = {
  publicKey: KEY,
  endpoint: { address: '192.0.2.7', port: 4711, family: 4 },
  timestamp: new Date('2026-01-02T03:04:05Z'),
  known: false,
}

/** Initiations as a test says, and what became of packets. */
function fakeHandshakes(initiations: AsyncIterable<Initiation>) {
  const end = vi.fn(async () => ({ done: true as const, value: undefined }))
  const handshakes = {
    start: async () => {},
    return: end,
    counters: { received: 10, delivered: 1, overrun: 2 },
    [Symbol.asyncIterator]: () => initiations[Symbol.asyncIterator](),
  }
  return { handshakes: handshakes as unknown as Handshakes, end }
}

async function* once(): AsyncGenerator<Initiation> {
  yield initiation
}

const log = (handshakes: Handshakes, more: Partial<InitiationLogOptions> = {}) =>
  new InitiationLog(handshakes, {
    device: 'wg0',
    names: new PeerNames(['/none'], async () => parseConfig('[Interface]\n')),
    isJson: false,
    now: () => Date.UTC(2026, 0, 2),
    write: () => {},
    warn: () => {},
    ...more,
  })

describe('InitiationLog', () => {
  it('writes a line for each initiation', async () => {
    const written: string[] = []
    const { handshakes, end } = fakeHandshakes(once())
    const one = log(handshakes, { write: (text) => void written.push(text) })
    await one.start()
    await one.ended
    await one.stop()
    expect(written).toEqual([`2026-01-02T00:00:00.000Z ${KEY} from 192.0.2.7:4711, unknown\n`])
    expect(one.status()).toBe('wg0: initiations 1, other packets 11')
    expect(end).toHaveBeenCalled()
  })

  it('writes JSON, with the name that a file gives', async () => {
    const written: string[] = []
    const file = async () => parseConfig(`[Peer]\n# Name = alice\nPublicKey = ${KEY}\n`)
    const one = log(fakeHandshakes(once()).handshakes, {
      isJson: true,
      names: new PeerNames(['/names'], file),
      write: (text) => void written.push(text),
    })
    await one.start()
    await one.ended
    expect(JSON.parse(written[0] ?? '')).toEqual({
      time: '2026-01-02T00:00:00.000Z',
      device: 'wg0',
      publicKey: KEY,
      name: 'alice',
      endpoint: '192.0.2.7:4711',
      timestamp: '2026-01-02T03:04:05.000Z',
      known: false,
    })
  })

  it('ends when nobody reads any more, and fails with what fails', async () => {
    const broken = (code: string) => () => {
      throw Object.assign(new Error(code), { code })
    }
    const quiet = log(fakeHandshakes(once()).handshakes, { write: broken('EPIPE') })
    await quiet.start()
    await quiet.ended
    const loud = log(fakeHandshakes(once()).handshakes, { write: broken('ENOSPC') })
    await loud.start()
    await expect(loud.ended).rejects.toThrow('ENOSPC')
  })

  it('warns of files that cannot be read, and starts', async () => {
    const warnings: string[] = []
    const names = new PeerNames(['/names'], async () => {
      throw new Error('no such file')
    })
    const one = log(fakeHandshakes(once()).handshakes, {
      names,
      warn: (text) => void warnings.push(text),
    })
    await one.start()
    expect(warnings).toEqual(['/names: no such file'])
  })
})
