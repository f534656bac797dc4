import { describe, expect, it } from 'vitest'
import { WireGuard } from '../index.js'
import { REMOTE_CALLS } from './calls.js'
import { RemoteWireGuard } from './remote-client.js'

const methodsOf = (made: { prototype: object }): string[] =>
  Object.getOwnPropertyNames(made.prototype)
    .filter((name) => name !== 'constructor')
    .sort()

describe('the calls that travel', () => {
  it('are all methods of a client but those that are its own affair', () => {
    const own = ['backends', 'close']
    expect(Object.keys(REMOTE_CALLS).sort()).toEqual(
      methodsOf(WireGuard).filter((name) => !own.includes(name)),
    )
  })

  it('are methods of a client of a server as well', () => {
    expect(methodsOf(RemoteWireGuard)).toEqual(methodsOf(WireGuard))
  })
})
