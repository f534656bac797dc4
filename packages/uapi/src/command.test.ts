import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkNamespace, checkProgram, daemonCommand, namespaceEntry } from './command.js'
import { temporaryDirectory } from './sockets.fixture.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('the command of a daemon', () => {
  it('is the option’s, the environment’s, or wireguard-go', () => {
    vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', undefined)
    expect(daemonCommand()).toEqual(['wireguard-go'])
    vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', '')
    expect(daemonCommand()).toEqual(['wireguard-go'])
    vi.stubEnv('WG_QUICK_USERSPACE_IMPLEMENTATION', 'boringtun-cli')
    expect(daemonCommand()).toEqual(['boringtun-cli'])
    expect(daemonCommand('other')).toEqual(['other'])
    expect(daemonCommand(['other', '-f', 'a b; $(c)'])).toEqual(['other', '-f', 'a b; $(c)'])
  })

  it('is one program, not words to split', () => {
    expect(daemonCommand('a b')).toEqual(['a b'])
  })

  it.each([[[]], [['']], [''], [7], [{}], [['a', 7]], [[undefined]]])('is not %j', (daemon) => {
    const attempt = (): unknown => daemonCommand(daemon as never)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(expect.objectContaining({ path: 'options.daemon' }))
  })
})

describe('a program', () => {
  async function directoryWith(name: string, mode: number): Promise<string> {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, name), '')
    await chmod(join(directory, name), mode)
    return directory
  }
  const missing = expect.objectContaining({ code: 'EUNSUPPORTED', feature: 'create' })

  it('is found on the path, or where it says', async () => {
    const empty = await temporaryDirectory()
    const directory = await directoryWith('some-daemon', 0o755)
    vi.stubEnv('PATH', `${empty}:${directory}`)
    await checkProgram('some-daemon')
    await checkProgram(join(directory, 'some-daemon'))
    await expect(checkProgram('other-daemon')).rejects.toEqual(missing)
    await expect(checkProgram(join(empty, 'some-daemon'))).rejects.toEqual(missing)
  })

  it('is a file that can be run', async () => {
    const directory = await directoryWith('not-executable', 0o644)
    await mkdir(join(directory, 'a-directory'))
    vi.stubEnv('PATH', directory)
    await expect(checkProgram('not-executable')).rejects.toEqual(missing)
    await expect(checkProgram('a-directory')).rejects.toEqual(missing)
    await expect(checkProgram('.')).rejects.toEqual(missing)
  })

  it('that is missing is named, with what to do', async () => {
    vi.stubEnv('PATH', undefined)
    await expect(checkProgram('some-daemon')).rejects.toThrow(
      /no program some-daemon: .*"daemon".*WG_QUICK_USERSPACE_IMPLEMENTATION/,
    )
  })
})

describe('a network namespace', () => {
  it.each([
    [undefined, []],
    ['blue', ['nsenter', '--net=/run/netns/blue', '--']],
    ['/proc/7/ns/net', ['nsenter', '--net=/proc/7/ns/net', '--']],
    [7, ['nsenter', '--net=/proc/7/ns/net', '--']],
    ['a b; $(c)', ['nsenter', '--net=/run/netns/a b; $(c)', '--']],
    ['-x', ['nsenter', '--net=/run/netns/-x', '--']],
  ])('%j', (netns, entry) => {
    expect(namespaceEntry(netns)).toEqual(entry)
  })

  it('is one by what it is, before a program is started in it', async () => {
    await expect(checkNamespace('/proc/self/ns/net')).resolves.toBeUndefined()
    await expect(checkNamespace(fileURLToPath(import.meta.url))).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'options.netns',
      message: expect.stringMatching(/command\.test\.ts is no network namespace$/),
    })
  })

  it.each(['', '.', '..', 'a\0b', 0, -1, 1.5, Number.NaN, {}, null])('is not %j', (netns) => {
    expect(() => namespaceEntry(netns as never)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'options.netns' }),
    )
  })
})
