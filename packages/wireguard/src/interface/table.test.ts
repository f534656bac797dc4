import { describe, expect, it } from 'vitest'
import { parseTables, tableNumber } from './table.js'

describe('parseTables', () => {
  it('reads numbers and names', () => {
    const text =
      '#\n# reserved values\n#\n255\tlocal\n0x10 hex # why not\n  7   seven\n\nnonsense\n'
    expect([...parseTables(text)]).toEqual([
      ['local', 255],
      ['hex', 16],
      ['seven', 7],
    ])
  })
})

describe('tableNumber', () => {
  it('knows the names that every system has', async () => {
    expect(await tableNumber('main')).toBe(254)
  })

  it.each(['no-such-table', 'constructor', 'toString', '__proto__'])(
    'refuses %s, a name that no file has',
    async (name) => {
      await expect(tableNumber(name)).rejects.toMatchObject({
        code: 'EINVAL',
        path: 'table',
      })
    },
  )
})
