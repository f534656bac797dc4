import { describe, expect, it } from 'vitest'
import { complaintOf, explainDeath } from './complaint.js'

/** Captured from wireguard-go 0.0.20220316, to which a second device of one name was asked. */
const BUSY = `┌──────────────────────────────────────────────────────┐
│                                                      │
│   Running wireguard-go is not required because this  │
└──────────────────────────────────────────────────────┘
ERROR: (wg0) 2024/01/02 03:04:05 Failed to create TUN device: device or resource busy
`

it('is what stands outside of the box', () => {
  expect(complaintOf(BUSY)).toBe(
    'ERROR: (wg0) 2024/01/02 03:04:05 Failed to create TUN device: device or resource busy',
  )
  expect(complaintOf('  \n')).toBe('')
})

it('has nothing that a terminal would obey', () => {
  const said = '\x1b[2J\x1b[31mINFO\x1b[0m [a]\r\n\x1b]0;title\x07\u202eb\u009bc'
  expect(complaintOf(said)).toBe('INFO [a]\n]0;titlebc')
})

describe('means', () => {
  it.each([
    ['Failed to create TUN device: device or resource busy', 'EEXIST'],
    ['UAPI listen error: unix socket in use', 'EEXIST'],
    ['Failed to create TUN device: operation not permitted', 'EPERM'],
    ['mkdir /var/run/wireguard: Permission denied', 'EPERM'],
    ['CreateTUN("wg0") failed; /dev/net/tun does not exist', 'EUNSUPPORTED'],
    ['Failed to create TUN device: no such device', 'EUNSUPPORTED'],
    ['Failed to create TUN device: no such device or address', 'EUNSUPPORTED'],
    ['Failed to create TUN device: inappropriate ioctl for device', 'EUNSUPPORTED'],
    ["nsenter: reassociate to namespace 'ns/net' failed: Invalid argument", 'EINVAL'],
    ['Failed to create TUN device: invalid argument', 'EIO'],
    ['', 'EIO'],
  ])('%j: %s', (complaint, code) => {
    const error = explainDeath('wireguard-go', 'status 1', complaint)
    expect(error).toMatchObject({ code })
    const words = complaint || 'nothing'
    expect(error.message).toBe(`wireguard-go ended (status 1) and said: ${words}`)
  })

  it('that there is no tun', () => {
    expect(explainDeath('x', 'SIGSEGV', '/dev/net/tun does not exist')).toMatchObject({
      feature: 'tun',
    })
  })
})
