import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { isolate } from '../contract/harnesses/isolation.js'

const run = promisify(execFile)
const probe = fileURLToPath(new URL('probe.mjs', import.meta.url))
const SOCKETS = '/var/run/wireguard'
const NOBODY = 65_534

beforeAll(isolate)

const everything = {
  keys: 'ok',
  'config text': 'ok',
  'config file': 'ok',
  'list kernel devices': 'ok',
  'list userspace devices': 'ok',
  "read root's device": 'ok',
  'make a device': 'ok',
  'configure it': 'ok',
  'read it': 'ok',
  'bring an interface up and down': 'ok',
  'remove it': 'ok',
}

/** Runs the probe below `command`, with a folder that its user may write and a device of root's beside. */
async function tried(command: string[], env: Record<string, string> = {}): Promise<object> {
  const backend = new UserspaceBackend()
  await backend.create('wgroot0')
  onTestFinished(() => backend.delete('wgroot0'))
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-privileges-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o700)
  await chown(directory, NOBODY, NOBODY)
  if (command.includes('setpriv')) await chmod(tmpdir(), 0o1777)
  const [program = '', ...args] = [...command, process.execPath, probe, directory]
  const { stdout } = await run(program, args, {
    env: { PATH: process.env['PATH'], TMPDIR: directory, ...env },
  })
  return JSON.parse(stdout)
}

const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

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
  const bare = [...asNobody, '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--']
  expect(await tried(bare)).toEqual({
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
  const only = ['--inh-caps=-all,+net_admin', '--ambient-caps=-all,+net_admin']
  const command = [
    ...withTun,
    ...asNobody,
    '--bounding-set=-all,+net_admin',
    ...only,
    '--no-new-privs',
    '--',
  ]
  expect(await tried(command)).toEqual({ ...everything, "read root's device": 'EPERM' })
})

it('in a user namespace, as its root: everything there, nothing of the host', async () => {
  const inside = 'mount -t tmpfs none /var/run/wireguard && exec "$@"'
  const namespaces = ['unshare', '--user', '--map-root-user', '--net', '--mount', '--']
  const command = [...withTun, ...asNobody, '--', ...namespaces, 'sh', '-c', inside, 'sh']
  expect(await tried(command)).toEqual({ ...everything, "read root's device": 'ENODEV' })
})

const READ_ONLY = 'mount -o remount,ro,bind / && exec "$@"'

it('under a read-only root with writable sockets and temporary files: everything', async () => {
  const writable = join(SOCKETS, 'tmp')
  await mkdir(writable)
  onTestFinished(() => rm(writable, { recursive: true }))
  const command = ['unshare', '--mount', '--', 'sh', '-c', READ_ONLY, 'sh']
  const results = await tried(command, { TMPDIR: writable })
  expect(results).toEqual({ ...everything, 'config file': 'EROFS' })
})

it('under a read-only root without temporary files: all but making devices', async () => {
  const command = ['unshare', '--mount', '--', 'sh', '-c', READ_ONLY, 'sh']
  expect(await tried(command)).toEqual({
    ...everything,
    'config file': 'EROFS',
    'make a device': 'EROFS',
    'configure it': 'ENODEV',
    'read it': 'ENODEV',
    'bring an interface up and down': 'EROFS',
    'remove it': 'ENODEV',
  })
})
