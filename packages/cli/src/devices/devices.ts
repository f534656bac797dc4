import type { Run } from '../command.js'
import { configWords } from '../interface/config-words.js'
import { wholeChange } from '../interface/whole-change.js'
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
    const options = { backend, netns, mtu: configWords.mtu(invocation.options) }
    return await wholeChange(invocation, io, 'all is taken back', async ({ signal }) => {
      await wg.create(name, { ...options, signal })
      return 0
    })
  })

export const runDelete: Run = (invocation, io) =>
  withInterfaces(invocation, io, async (wg) => {
    const [name = ''] = invocation.words
    const { stale, hung } = invocation.options
    const { backend } = invocation.globals
    const options = { backend, removeStale: stale === true, removeHung: hung === true }
    return await wholeChange(invocation, io, 'nothing was changed', async (interruption) => {
      interruption.begin()
      await wg.delete(name, options)
      return 0
    })
  })
