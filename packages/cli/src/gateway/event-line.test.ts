import type { GatewayEvent } from '@wgctrl/gateway'
import { type PublicKey, WireGuardError } from '@wgctrl/types'
import { describe, expect, it } from 'vitest'
import { eventLine } from './event-line.js'

const publicKey = Buffer.alloc(32, 1).toString('base64') as PublicKey
const endpoint = { address: '2001:db8::7', port: 51820, family: 6 } as const
const error = new WireGuardError('no answer\nfrom "there"', { code: 'ETIMEDOUT' })
const now = Date.UTC(2026, 0, 2, 3, 4, 5)

const lines: [GatewayEvent, string][] = [
  [
    { type: 'installed', publicKey, endpoint },
    `info installed publicKey=${publicKey} endpoint=[2001:db8::7]:51820`,
  ],
  [
    { type: 'evicted', publicKey, reason: 'idle', idle: 1234.56 },
    `info evicted publicKey=${publicKey} reason=idle idle=1235`,
  ],
  [{ type: 'unknown', publicKey, endpoint }, `info unknown publicKey=${publicKey} endpoint=[`],
  [{ type: 'full', publicKey, endpoint }, `warning full publicKey=${publicKey} endpoint=[`],
  [{ type: 'failed', operation: 'lookup', publicKey, error }, 'error failed operation=lookup'],
  [{ type: 'warning', code: 'ETHREADS', message: 'too few' }, 'warning warning code=ETHREADS'],
  [{ type: 'changed', publicKey }, `info changed publicKey=${publicKey}`],
  [{ type: 'revoked', publicKey }, `info revoked publicKey=${publicKey}`],
  [{ type: 'change-failed', publicKey, error }, `error change-failed publicKey=${publicKey}`],
  [{ type: 'store-away', error }, 'error store-away error="no answer'],
  [{ type: 'store-back' }, 'info store-back'],
  [
    { type: 'store-problem', place: '/etc/clients/a b.conf:7', message: 'AllowedIPs' },
    'warning store-problem place="/etc/clients/a b.conf:7" message=AllowedIPs',
  ],
  [{ type: 'kept', publicKey, age: 60_000 }, `info kept publicKey=${publicKey} age=60000`],
  [{ type: 'moved', publicKey, from: 'one' }, `info moved publicKey=${publicKey} from=one`],
  [{ type: 'left', publicKey, to: 'two' }, `info left publicKey=${publicKey} to=two`],
  [{ type: 'fleet-failed', error }, 'error fleet-failed error="no answer'],
  [{ type: 'fleet-joined' }, 'info fleet-joined'],
  [{ type: 'interface', message: 'brought up wg0' }, 'info interface message="brought up wg0"'],
]

describe('a line of the log', () => {
  it.each(lines)('says in text what happened: %o', (event, text) => {
    const line = eventLine(event, 'text', now)
    expect(line.startsWith(`2026-01-02T03:04:05.000Z ${text}`), line).toBe(true)
    expect(line).not.toContain('\n')
  })

  it.each(lines)('says the same in JSON: %o', (event, text) => {
    const line = eventLine(event, 'json', now)
    expect(line).not.toContain('\n')
    const [level, type] = text.split(' ')
    const said = JSON.parse(line)
    expect(said).toMatchObject({ time: '2026-01-02T03:04:05.000Z', level, event: type })
    if ('publicKey' in event) expect(said.publicKey).toBe(publicKey)
    if ('error' in event) expect(said.error).toContain('no answer')
  })

  it('moves no terminal and begins no line of its own, whatever a store has for a name', () => {
    const message = 'x\n2026-01-02T03:04:05.000Z info revoked \u001b[2J'
    const event: GatewayEvent = { type: 'store-problem', place: 'a', message }
    for (const format of ['text', 'json'] as const) {
      const line = eventLine(event, format, now)
      for (const control of ['\n', '\u001b']) expect(line).not.toContain(control)
    }
    expect(JSON.parse(eventLine(event, 'json', now)).message).toContain('info revoked')
  })
})
