import { opendir } from 'node:fs/promises'
import { connect } from 'node:net'
import { Rtnl } from '@wgctrl/netlink'
import { isInterfaceName } from '@wgctrl/types'
import { SocketDirectory } from '@wgctrl/uapi'
import type { Globals } from '../globals.js'

/**
 * The names of all devices in the order of wg(8): the kernel's as it lists them, then those with a socket
 * that somebody listens on, in the order of their folder.
 *
 * @throws the system's error when links cannot be listed
 */
export async function deviceNames({ backend, dialect, netns }: Globals): Promise<string[]> {
  const [kernel, userspace] = await Promise.all([
    backend === 'userspace' ? [] : kernelNames(netns, dialect),
    backend === 'linux-kernel' ? [] : userspaceNames(dialect),
  ])
  return [...kernel, ...userspace]
}

async function kernelNames(
  netns: Globals['netns'],
  kind: Globals['dialect'] = 'wireguard',
): Promise<string[]> {
  if (process.platform !== 'linux') return []
  try {
    const rtnl = await Rtnl.open({ netns })
    try {
      const links = await rtnl.links({ kind, brief: true })
      return links.map(({ name }) => name)
    } finally {
      await rtnl.close()
    }
  } catch (error) {
    // A machine that netlink is not made for has no devices there.
    if ((error as NodeJS.ErrnoException).code === 'EUNSUPPORTED') return []
    throw error
  }
}

async function userspaceNames(dialect: Globals['dialect']): Promise<string[]> {
  const directory = new SocketDirectory(undefined, undefined, dialect)
  if (process.platform === 'win32') return directory.names()
  const names = (await entriesOf(await directory.path()))
    .filter((entry) => entry.endsWith('.sock'))
    .map((entry) => entry.slice(0, -'.sock'.length))
    .filter(isInterfaceName)
  const isLive = await Promise.all(
    names.map(async (name) => hasListener(await directory.socketPath(name))),
  )
  return names.filter((_, at) => isLive[at])
}

/** In the order of the folder itself: `readdir` would sort. */
async function entriesOf(path: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { name } of await opendir(path)) names.push(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return names
}

/** False for what is no socket, and for one that its daemon left behind. */
function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // wg(8) leaves out none but these: to a device that it may not reach it says so later.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(!['ECONNREFUSED', 'ENOTSOCK', 'ENOENT'].includes(code ?? ''))
    })
  })
}
