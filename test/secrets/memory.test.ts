import { join } from 'node:path'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { onTestFinished } from 'vitest'
import { remainsOf } from './done-process.js'
import { memorySuite } from './memory-suite.js'

memorySuite('its keys', (leak) =>
  remainsOf('userspace', leak, async (directory) => {
    const server = await FakeUapiServer.listen(join(directory, 'wg0.sock'), new FakeDevice('wg0'))
    onTestFinished(() => server[Symbol.asyncDispose]())
  }),
)
