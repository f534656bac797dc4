import { WireGuardError } from '@wgctrl/types'
import { expect, it } from 'vitest'
import { LiveTable } from './live-table.js'

it('shows a backend that fails until it can be used again', () => {
  const table = new LiveTable()
  const backend = 'linux-kernel'
  const error = new WireGuardError('it is not permitted', { code: 'EPERM' })
  table.apply({ type: 'device-added', device: 'wg0' }, 0)
  table.apply({ type: 'backend-failed', backend, error }, 0)
  expect(table.devices.get('(linux-kernel)')?.failure).toBe('it is not permitted')
  table.apply({ type: 'backend-recovered', backend }, 1)
  expect([...table.devices.keys()]).toEqual(['wg0'])
})
