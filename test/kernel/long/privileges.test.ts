import { afterAll, beforeAll, expect, it } from 'vitest'
import { KernelBackend } from 'wgctrl'
import { isolate } from '../../contract/harnesses/isolation.js'
import {
  asNobody,
  everything,
  withNetAdmin,
  withNothing,
  withReadOnlyRoot,
} from '../../privileges/commands.js'
import { probed } from '../../privileges/probed.js'

const backend = new KernelBackend()
const tried = (command: string[]): Promise<object> => probed(backend, command)

beforeAll(isolate)
afterAll(() => backend[Symbol.asyncDispose]())

it('root can do everything', async () => {
  expect(await tried([])).toEqual(everything)
})

it('without any capability: keys, config files and lists', async () => {
  expect(await tried(withNothing)).toEqual({
    ...everything,
    "read root's device": 'EPERM',
    'make a device': 'EPERM',
    'configure it': expect.stringMatching(/^(EPERM|ENODEV)$/),
    'read it': expect.stringMatching(/^(EPERM|ENODEV)$/),
    'bring an interface up and down': 'EPERM',
    'remove it': 'ENODEV',
  })
})

it('with CAP_NET_ADMIN alone: everything', async () => {
  expect(await tried(withNetAdmin)).toEqual(everything)
})

it('in a user namespace, as its root: everything there, nothing of the host', async () => {
  const namespaces = ['unshare', '--user', '--map-root-user', '--net', '--']
  const results = await tried([...asNobody, '--', ...namespaces])
  expect(results).toEqual({ ...everything, "read root's device": 'ENODEV' })
})

it('under a read-only root: everything but writing files', async () => {
  expect(await tried(withReadOnlyRoot)).toEqual({
    ...everything,
    'config file': expect.stringMatching(/^(ok|EROFS)$/),
  })
})
