import type { Run } from '../command.js'
import { withInterfaces } from '../session.js'
import { visible, visibleJson } from '../visible-text.js'

export const runList: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const { backend } = invocation.globals
    const names = await wg.names({ backend })
    const text = invocation.options['json']
      ? `${visibleJson(JSON.stringify(names))}\n`
      : names.map((name) => `${visible(name)}\n`).join('')
    io.stdout.write(text)
    return 0
  })

export const runCreate: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [name = ''] = invocation.words
    const { backend, netns } = invocation.globals
    await wg.create(name, { backend, netns, mtu: mtuOf(invocation.options['mtu']) })
    return 0
  })

export const runDelete: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [name = ''] = invocation.words
    const { stale, hung } = invocation.options
    const { backend } = invocation.globals
    await wg.delete(name, { backend, removeStale: stale === true, removeHung: hung === true })
    return 0
  })

/** @throws {Error} in words for the user */
function mtuOf(text: unknown): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,9}$/.test(`${text}`)) return Number(text)
  throw new Error(`--mtu: expected a number of bytes, got ${visible(`${text}`)}`)
}
