import { execFileSync } from 'node:child_process'
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generatePresharedKey, generatePrivateKey, type PublicKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { SealOpener, sealPresharedKey } from '../../seal/sealed-key.js'
import type { StoreChange, StoreProblem } from '../store.js'
import { FileStore } from './file-store.js'

const eventually = { timeout: 15_000, interval: 20 }
const newKey = (): string => publicKey(generatePrivateKey())
const block = (key: string, host: number, more = ''): string =>
  `[Peer]\nPublicKey = ${key}\nAllowedIPs = 10.0.0.${host}\n${more}\n`
const [A, B, C] = [newKey(), newKey(), newKey()] as [string, string, string]

const gateway = generatePrivateKey()
const opener = new SealOpener(gateway, 'key')
const presharedKey = generatePresharedKey()
const sealedFor = (key: string): string =>
  sealPresharedKey(presharedKey, { gateway: publicKey(gateway), client: key as PublicKey })

let folder: string
let path: string
let problems: StoreProblem[]
let store: FileStore
let heard: StoreChange[]
let listening: AbortController

const openStore = async (at: string, networks?: string[]): Promise<void> => {
  const unseal = opener.open.bind(opener)
  const rules = { clearPresharedKeys: true, networks, unseal }
  store = await FileStore.open({ type: 'file', path: at }, rules, {
    onProblem: (problem) => void problems.push(problem),
  })
  void (async () => {
    for await (const change of store.changes({ signal: listening.signal })) heard.push(change)
  })()
  await vi.waitFor(() => expect(heard[0]?.type).toBe('lost'), eventually)
}

const find = async (key: string) => (await store.find(key))?.client.allowedIPs
const changed = () =>
  heard.slice(1).map((change) => [change.type, 'publicKey' in change && change.publicKey])
const write = async (name: string, text: string): Promise<void> => {
  await writeFile(join(folder, `${name}.tmp`), text, { mode: 0o600 })
  await rename(join(folder, `${name}.tmp`), join(path, name))
}

/** Waits for so many milliseconds of the store's own clock, however long they are on a busy machine, or until something is so. */
const withinOwn = async (milliseconds: number, isSo: () => boolean): Promise<void> => {
  for (let passed = 0; !isSo(); passed += 50) {
    if (passed > milliseconds) throw new Error(`not so after ${milliseconds} ms: ${changed()}`)
    await vi.advanceTimersByTimeAsync(50)
    // What the machine takes for a file is none of that clock's.
    for (let waited = 0; waited < 300 && !isSo(); waited += 10) await sleep(10)
  }
}
const useOwnClock = (): void => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-store-'))
  path = join(folder, 'clients')
  await mkdir(path)
  ;[problems, heard, listening] = [[], [], new AbortController()]
})

afterEach(async () => {
  listening.abort()
  await store?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

describe('a folder of clients', () => {
  it('tells of files that come, are replaced and go, with a revision that grows', async () => {
    await write('a.conf', block(A, 1))
    await write('README', 'nothing of clients')
    await write('.b.conf', block(B, 2))
    await openStore(path)
    expect([await find(A), await find(B)]).toEqual([['10.0.0.1/32'], undefined])
    await write('b.conf', block(B, 2) + block(C, 3))
    await vi.waitFor(() => expect(changed()).toHaveLength(2), eventually)
    await write('a.conf', block(A, 7, 'PersistentKeepalive = 25'))
    await vi.waitFor(() => expect(changed()).toHaveLength(3), eventually)
    await unlink(join(path, 'b.conf'))
    await vi.waitFor(() => expect(changed()).toHaveLength(5), eventually)
    expect(changed()).toEqual([
      ['added', B],
      ['added', C],
      ['changed', A],
      ['revoked', B],
      ['revoked', C],
    ])
    const revisions = heard.map(({ revision }) => revision)
    expect(revisions).toEqual([...new Set(revisions)].sort((one, other) => one - other))
    expect(await store.find(A)).toMatchObject({
      client: { allowedIPs: ['10.0.0.7/32'], persistentKeepalive: 25 },
    })
    expect(problems).toEqual([])
  })

  it('says nothing of a file that was touched and is the same', async () => {
    await write('a.conf', block(A, 1))
    await openStore(path)
    await write('a.conf', `# again\n${block(A, 1)}`)
    await write('b.conf', block(B, 2))
    await vi.waitFor(() => expect(changed()).toEqual([['added', B]]), eventually)
  })

  it('reads no half of a file that is being written', async () => {
    await write('a.conf', block(A, 1) + block(B, 2))
    await openStore(path)
    // Who writes takes no longer than files have to stay as they are, however busy the machine is.
    useOwnClock()
    const file = await open(join(path, 'a.conf'), 'w')
    for (const part of (block(A, 1) + block(B, 9)).match(/[\s\S]{1,20}/g) ?? []) {
      await file.write(part)
      await vi.advanceTimersByTimeAsync(5)
    }
    await file.close()
    await vi.waitFor(() => expect(changed()).toEqual([['changed', B]]), eventually)
    expect(problems).toEqual([])
  })

  it('tells a bad entry by path and line, and takes the others', async () => {
    await write('a.conf', block(A, 1) + block(B, 2))
    await openStore(path)
    const wrong = `${block(A, 1)}${block(B, 2, 'PersistentKeepalive = often')}${block(C, 3)}`
    await write('a.conf', wrong)
    await vi.waitFor(() => expect(changed()).toEqual([['added', C]]), eventually)
    expect(problems).toEqual([
      { place: `${join(path, 'a.conf')}:8`, message: expect.stringContaining('Keepalive') },
    ])
    // It says what he was; that he is nobody any more it does not say.
    expect(await find(B)).toEqual(['10.0.0.2/32'])
    await write('a.conf', block(A, 1) + block(C, 3))
    await vi.waitFor(() => expect(changed()).toContainEqual(['revoked', B]), eventually)
  })

  it('opens sealed preshared keys, and tells those that it cannot by path and line', async () => {
    const sealed = (key: string, whose = key) => `# SealedPresharedKey = ${sealedFor(whose)}`
    await write('a.conf', block(A, 1, sealed(A)) + block(B, 2, sealed(B, A)) + block(C, 3))
    await openStore(path)
    expect((await store.find(A as PublicKey))?.client.presharedKey?.equals(presharedKey)).toBe(true)
    expect([await find(B), await find(C)]).toEqual([undefined, ['10.0.0.3/32']])
    const place = `${join(path, 'a.conf')}:5`
    expect(problems).toEqual([{ place, message: expect.stringContaining('is not sealed for') }])
    await write('a.conf', block(A, 1, `${sealed(A, B)}\n  #sealedpresharedkey=${sealedFor(A)}`))
    await vi.waitFor(() => expect(changed()).toEqual([['revoked', C]]), eventually)
  })

  it('gives a key and a network to the first that has them', async () => {
    await write('a.conf', block(A, 1))
    await write('b.conf', block(A, 2) + block(B, 1) + block(C, 3))
    await openStore(path)
    expect([await find(A), await find(B), await find(C)]).toEqual([
      ['10.0.0.1/32'],
      undefined,
      ['10.0.0.3/32'],
    ])
    const b = join(path, 'b.conf')
    expect(problems.map(({ place }) => place)).toEqual([`${b}:1`, `${b}:5`])
    for (const { message } of problems) expect(message).toContain(`${join(path, 'a.conf')}:1`)
    await unlink(join(path, 'a.conf'))
    await vi.waitFor(async () => expect(await find(B)).toEqual(['10.0.0.1/32']), eventually)
    expect(await find(A)).toEqual(['10.0.0.2/32'])
  })

  it('keeps what it knows of a file that cannot be read, and says so once', async () => {
    await write('a.conf', block(A, 1))
    await openStore(path)
    await chmod(join(path, 'a.conf'), 0o666)
    await appendFile(join(path, 'a.conf'), block(B, 2))
    await vi.waitFor(() => expect(problems).toHaveLength(1), eventually)
    await store.reload()
    expect(problems).toEqual([
      { place: join(path, 'a.conf'), message: expect.stringContaining('written by others') },
    ])
    expect([await find(A), await find(B)]).toEqual([['10.0.0.1/32'], undefined])
    await chmod(join(path, 'a.conf'), 0o600)
    await appendFile(join(path, 'a.conf'), '\n')
    await vi.waitFor(async () => expect(await find(B)).toEqual(['10.0.0.2/32']), eventually)
  })

  it('waits for no pipe, and passes over what is no file', async () => {
    execFileSync('mkfifo', [join(path, 'pipe.conf')])
    await mkdir(join(path, 'folder.conf'))
    await symlink('/nowhere', join(path, 'link.conf'))
    await write('a.conf', block(A, 1))
    await openStore(path)
    expect(await find(A)).toEqual(['10.0.0.1/32'])
    expect(problems.map(({ place }) => place).sort()).toEqual([
      join(path, 'folder.conf'),
      join(path, 'pipe.conf'),
    ])
  })

  it('revokes nobody when the folder is gone, and finds the one that took its place', async () => {
    await write('a.conf', block(A, 1))
    await openStore(path)
    await rename(path, `${path}.old`)
    await vi.waitFor(() => expect(problems).toHaveLength(1), eventually)
    expect(await find(A)).toEqual(['10.0.0.1/32'])
    await mkdir(path)
    await write('b.conf', block(B, 2))
    await vi.waitFor(() => expect(changed()).toContainEqual(['added', B]), eventually)
    expect(changed()).toContainEqual(['revoked', A])
    await write('c.conf', block(C, 3))
    await vi.waitFor(() => expect(changed()).toContainEqual(['added', C]), eventually)
  })

  it.each([
    ['at once', false],
    ['when that was missed', true],
  ])(
    'tells within a second of changes in a folder that took the place of another %s, also with its inode',
    async (_, isMissed) => {
      await write('a.conf', block(A, 1))
      await openStore(path)
      useOwnClock()
      await rm(path, { recursive: true })
      if (isMissed) await withinOwn(3000, () => problems.length > 0)
      await mkdir(path)
      await write('b.conf', block(B, 2))
      await withinOwn(1000, () => changed().length === 2)
      await write('c.conf', block(C, 3))
      await withinOwn(1000, () => changed().length === 3)
      await rm(join(path, 'c.conf'))
      await withinOwn(1000, () => changed().length === 4)
      expect(changed().slice(2)).toEqual([
        ['added', C],
        ['revoked', C],
      ])
    },
  )

  it('lets nobody in with a network outside of those that clients may have', async () => {
    await write('a.conf', block(A, 1) + block(B, 2).replace('10.0.0.2', '0.0.0.0/0'))
    await openStore(path, ['10.0.0.0/24'])
    expect([await find(A), await find(B)]).toEqual([['10.0.0.1/32'], undefined])
    expect(problems).toMatchObject([
      { message: expect.stringContaining('0.0.0.0/0 is not within') },
    ])
  })
})

describe('a file of clients', () => {
  it('is followed through atomic replaces, and passes over the interface of a server', async () => {
    const file = join(path, 'server.conf')
    await write('server.conf', `[Interface]\nPrivateKey = hidden\n${block(A, 1)}`)
    await openStore(file)
    expect(await find(A)).toEqual(['10.0.0.1/32'])
    await write('server.conf', block(B, 2))
    await vi.waitFor(
      () =>
        expect(changed()).toEqual([
          ['added', B],
          ['revoked', A],
        ]),
      eventually,
    )
    await unlink(file)
    await vi.waitFor(() => expect(problems).toHaveLength(1), eventually)
    expect(await find(B)).toEqual(['10.0.0.2/32'])
    await write('server.conf', block(C, 3))
    await vi.waitFor(async () => expect(await find(C)).toEqual(['10.0.0.3/32']), eventually)
  })

  it('has to be there at the start', async () => {
    const file = { type: 'file', path: join(folder, 'none') } as const
    const opened = FileStore.open(file, { clearPresharedKeys: true }, { onProblem: () => {} })
    await expect(opened).rejects.toMatchObject({ code: 'ENOENT' })
    await openStore(path)
    expect(store.size).toBe(0)
  })
})
