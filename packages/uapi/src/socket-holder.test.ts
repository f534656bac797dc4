import { once } from 'node:events'
import type * as Files from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { temporaryDirectory } from './sockets.fixture.js'

/** Processes that ended after it was seen in which network they are. */
const ended = vi.hoisted(() => ({ asked: 0, count: 1 }))

vi.mock('node:fs/promises', async (importOriginal) => {
  const files = await importOriginal<typeof Files>()
  return {
    ...files,
    readFile: (...args: Parameters<typeof files.readFile>) => {
      if (`${args[0]}`.endsWith('/net/unix') && ended.asked++ < ended.count) {
        return Promise.reject(Object.assign(new Error('no such process'), { code: 'ESRCH' }))
      }
      return files.readFile(...args)
    },
  }
})

it.runIf(process.platform === 'linux')(
  'finds who listens, though another process of its network has just ended',
  async () => {
    const { listenersOn } = await import('./socket-holder.js')
    const path = join(await temporaryDirectory(), 'wg0.sock')
    const server = createServer().listen(path)
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    ended.asked = ended.count
    expect(await listenersOn(path)).toEqual([process.pid])
    // The first that is asked is not the last of this network: this process came after its parents.
    ended.asked = 0
    expect(await listenersOn(path)).toEqual([process.pid])
  },
)
