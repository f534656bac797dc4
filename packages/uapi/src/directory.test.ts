import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SocketDirectory } from './directory.js'
import { serve, temporaryDirectory } from './sockets.fixture.js'

describe('names', () => {
  it('are those of entries that end in .sock, sorted', async () => {
    const path = await temporaryDirectory()
    for (const entry of ['wg1.sock', 'wg0.sock', 'wg0.name', 'x', '.sock', '..sock', 'a b.sock']) {
      await writeFile(join(path, entry), '')
    }
    await writeFile(join(path, `${'n'.repeat(16)}.sock`), '')
    await mkdir(join(path, 'wg2.sock'))
    expect(await new SocketDirectory(path).names()).toEqual(['wg0', 'wg1', 'wg2'])
  })

  it('are none where there is no directory', async () => {
    const path = join(await temporaryDirectory(), 'none')
    expect(await new SocketDirectory(path).names()).toEqual([])
  })

  it('of a file: ENOTDIR', async () => {
    const path = join(await temporaryDirectory(), 'file')
    await writeFile(path, '')
    await expect(new SocketDirectory(path).names()).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})

describe('paths', () => {
  it('are <directory>/<name>.sock', async () => {
    expect(await new SocketDirectory('/d').socketPath('wg0')).toBe('/d/wg0.sock')
    expect(await new SocketDirectory('/d/../e/').socketPath('wg0')).toBe('/e/wg0.sock')
  })

  it('are in /var/run/wireguard or /run/wireguard when nothing is said', async () => {
    const path = await new SocketDirectory(undefined, 'linux').socketPath('wg0')
    expect(path).toMatch(/^(\/var)?\/run\/wireguard\/wg0\.sock$/)
  })

  it('of a relative directory do not depend on where the process is later', async () => {
    const expected = join(process.cwd(), 'sockets', 'wg0.sock')
    expect(await new SocketDirectory('sockets').socketPath('wg0')).toBe(expected)
  })

  it.each(['', '.', '..', 'a/b', '../wg0', 'a b', 'wg0\0', 'n'.repeat(16), '-wg0', 'wg$(id)'])(
    'never have the name %j in them: EINVAL',
    async (name) => {
      for (const platform of ['linux', 'darwin', 'win32'] as const) {
        const directory = new SocketDirectory(undefined, platform)
        await expect(directory.socketPath(name)).rejects.toMatchObject({ code: 'EINVAL' })
      }
    },
  )

  it('that no socket can have: EINVAL', async () => {
    const fits = `/${'d'.repeat(107 - '//wg0.sock'.length)}`
    expect((await new SocketDirectory(fits, 'linux').socketPath('wg0')).length).toBe(107)
    const expected = { code: 'EINVAL', path: 'options.socketDir' }
    await expect(new SocketDirectory(`${fits}d`, 'linux').socketPath('wg0')).rejects.toMatchObject(
      expected,
    )
    await expect(new SocketDirectory(fits, 'freebsd').socketPath('wg0')).rejects.toMatchObject(
      expected,
    )
  })

  it('are refused when they are none', () => {
    expect(() => new SocketDirectory(7 as never)).toThrow(TypeError)
  })
})

describe('the line of a device', () => {
  it('is one for all ways to say where it is', () => {
    const lines = [undefined, '/var/run/wireguard', '/run/wireguard/', '/var/run/../run/wireguard']
    expect(
      new Set(lines.map((path) => new SocketDirectory(path, 'linux').lineOf('wg0'))).size,
    ).toBe(1)
    const other = new SocketDirectory('/tmp/sockets').lineOf('wg0')
    expect(other).not.toBe(new SocketDirectory().lineOf('wg0'))
  })
})

describe('on macOS', () => {
  async function withName(content: string, age = 0): Promise<SocketDirectory> {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'utun3.sock'), '')
    await writeFile(join(path, 'wg0.name'), content)
    const time = Date.now() / 1000 - age
    await utimes(join(path, 'wg0.name'), time, time)
    return new SocketDirectory(path, 'darwin')
  }

  it('a name file says which interface is meant', async () => {
    const directory = await withName('utun3\n')
    expect(await directory.socketPath('wg0')).toBe(join(await directory.path(), 'utun3.sock'))
    expect(await directory.socketPath('utun3')).toBe(join(await directory.path(), 'utun3.sock'))
    expect(await directory.names()).toEqual(['utun3'])
  })

  it('one that is older than the socket was left behind', async () => {
    const directory = await withName('utun3\n', 3600)
    expect(await directory.socketPath('wg0')).toBe(join(await directory.path(), 'wg0.sock'))
  })

  it.each(['', '\n', '../../etc/x', 'utun4', 'a b', `${'n'.repeat(4000)}`])(
    'one that says %j says nothing',
    async (content) => {
      const directory = await withName(content)
      expect(await directory.socketPath('wg0')).toBe(join(await directory.path(), 'wg0.sock'))
    },
  )

  it('nobody else looks at it', async () => {
    const directory = new SocketDirectory(await (await withName('utun3\n')).path(), 'linux')
    expect(await directory.socketPath('wg0')).toBe(join(await directory.path(), 'wg0.sock'))
  })
})

describe('on Windows', () => {
  const directory = new SocketDirectory(undefined, 'win32')

  it('devices are pipes', async () => {
    expect(await directory.path()).toBe('\\\\.\\pipe\\')
    expect(await directory.socketPath('wg0')).toBe(
      '\\\\.\\pipe\\ProtectedPrefix\\Administrators\\WireGuard\\wg0',
    )
    expect(await directory.identity('any')).toBe('any')
    expect(await directory.has(await directory.socketPath('wg0'))).toBe(false)
  })

  it('and cannot be removed', async () => {
    await expect(directory.remove('any')).rejects.toMatchObject({ code: 'EUNSUPPORTED' })
  })

  it('and cannot always be listed: EUNSUPPORTED', async () => {
    const refusal = { code: 'EUNSUPPORTED', feature: 'list' }
    await expect(directory.names()).rejects.toMatchObject(refusal)
  })

  it('and are in no folder: EUNSUPPORTED', () => {
    const refusal = expect.objectContaining({ code: 'EUNSUPPORTED', feature: 'socketDir' })
    expect(() => new SocketDirectory('/d', 'win32')).toThrow(refusal)
  })
})

describe('identity', () => {
  it('is that of the file, not of the path', async () => {
    const path = await temporaryDirectory()
    const directory = new SocketDirectory(path)
    const socket = join(path, 'wg0.sock')
    await expect(directory.identity(socket)).rejects.toMatchObject({ code: 'ENOENT' })
    await writeFile(socket, '')
    const first = await directory.identity(socket)
    expect(await directory.identity(socket)).toBe(first)
    await directory.remove(socket)
    await sleep(20)
    await writeFile(socket, '')
    expect(await directory.identity(socket)).not.toBe(first)
  })

  it('of a link is that of what it leads to', async () => {
    const server = await serve(() => {})
    const path = await temporaryDirectory()
    await symlink(server.path, join(path, 'wg0.sock'))
    const directory = new SocketDirectory(path)
    expect(await directory.identity(join(path, 'wg0.sock'))).toBe(
      await directory.identity(server.path),
    )
    expect(await directory.has(join(path, 'wg0.sock'))).toBe(true)
    expect(await directory.has(join(path, 'wg1.sock'))).toBe(false)
  })
})
