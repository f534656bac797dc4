import { expect, it } from 'vitest'
import { mayHaveSocket } from './socket-places.js'

it.runIf(process.platform === 'linux')('a name without a socket has certainly none', () => {
  expect(mayHaveSocket('none-such0')).toBe(false)
  for (const name of ['', '.', '..', '../wg0', '-x', 'a/b', 'a name', 'x'.repeat(16)])
    expect(mayHaveSocket(name)).toBe(false)
})
