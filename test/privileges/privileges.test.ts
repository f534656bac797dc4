import { chown } from 'node:fs/promises'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'
import {
  asNobody,
  everything,
  NOBODY,
  withNetAdmin,
  withNothing,
  withReadOnlyRoot,
} from './commands.js'
import { probed } from './probed.js'

const SOCKETS = '/var/run/wireguard'

beforeAll(isolate)

const tried = (command: string[], env?: Record<string, string>): Promise<object> =>
  probed(new UserspaceBackend(), command, env)

/** With /dev/net/tun as udev makes it, open to all; containers have it closed to all but root. */
const withTun = [
  ...['unshare', '--mount', '--', 'sh', '-c'],
  'mount -t tmpfs none /dev/net && mknod -m 0666 /dev/net/tun c 10 200 && exec "$@"',
  'sh',
]

/** Gives the folder of the sockets to a user for one test. */
async function giveSocketsTo(user: number): Promise<void> {
  await chown(SOCKETS, user, user)
  onTestFinished(() => chown(SOCKETS, 0, 0))
}

it('root can do everything', async () => {
  expect(await tried([])).toEqual(everything)
})

it('without any capability: keys, config files and lists', async () => {
  expect(await tried(withNothing)).toEqual({
    ...everything,
    "read root's device": 'EPERM',
    'make a device': expect.stringMatching(/^(EPERM|EUNSUPPORTED|ESRCH|EIO)$/),
    'configure it': 'ENODEV',
    'read it': 'ENODEV',
    'bring an interface up and down': expect.stringMatching(/^(EPERM|EUNSUPPORTED|ESRCH|EIO)$/),
    'remove it': 'ENODEV',
  })
})

it('with CAP_NET_ADMIN alone and a folder for sockets of its own: its own devices', async () => {
  await giveSocketsTo(NOBODY)
  const command = [...withTun, ...withNetAdmin]
  expect(await tried(command)).toEqual({ ...everything, "read root's device": 'EPERM' })
})

it('in a user namespace, as its root: everything there, nothing of the host', async () => {
  const inside = 'mount -t tmpfs none /var/run/wireguard && exec "$@"'
  const namespaces = ['unshare', '--user', '--map-root-user', '--net', '--mount', '--']
  const command = [...withTun, ...asNobody, '--', ...namespaces, 'sh', '-c', inside, 'sh']
  expect(await tried(command)).toEqual({ ...everything, "read root's device": 'ENODEV' })
})

it('under a read-only root with writable sockets: everything', async () => {
  expect(await tried(withReadOnlyRoot)).toEqual({ ...everything, 'config file': 'EROFS' })
})
