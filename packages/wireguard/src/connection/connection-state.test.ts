import { describe, expect, it } from 'vitest'
import { connectionState, isConnected } from './connection-state.js'

const now = new Date('2026-05-01T12:00:00Z')
const ago = (seconds: number): Date => new Date(now.getTime() - 1000 * seconds)

describe('connectionState', () => {
  it.each([
    [undefined, 0, 'never'],
    [undefined, 25, 'never'],
    [ago(0), 0, 'connected'],
    [ago(179.9), 25, 'connected'],
    [ago(180), 0, 'idle'],
    [ago(180), 25, 'gone'],
    [ago(539.9), 0, 'idle'],
    [ago(540), 0, 'gone'],
    [ago(-60), 0, 'connected'],
    [ago(-86_400), 0, 'gone'],
  ])('of a handshake at %s with a keepalive of %i is %s', (lastHandshake, keepalive, state) => {
    const peer = { ...(lastHandshake && { lastHandshake }), persistentKeepalive: keepalive }
    expect(connectionState(peer, { now })).toBe(state)
    expect(connectionState(JSON.parse(JSON.stringify(peer)), { now: now.getTime() })).toBe(state)
    expect(isConnected(peer, { now })).toBe(state === 'connected')
  })

  it('takes the time of the machine', () => {
    expect(isConnected({ lastHandshake: new Date() })).toBe(true)
  })

  it('refuses what is no time', () => {
    const wrong = expect.objectContaining({ code: 'EINVAL', path: 'peer.lastHandshake' })
    expect(() => connectionState({ lastHandshake: 'soon' })).toThrow(wrong)
    const noTime = expect.objectContaining({ code: 'EINVAL', path: 'options.now' })
    expect(() => connectionState({ lastHandshake: now }, { now: Number.NaN })).toThrow(noTime)
  })
})
