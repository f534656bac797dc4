import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findPlanted } from './planted.js'

const program = fileURLToPath(new URL('memory-child.mjs', import.meta.url))

/** Runs the child and looks at all of its memory when it is done with its keys. */
async function search(leak: 'leak' | 'none'): Promise<{ memory: string[]; snapshot: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-memory-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await using _ = await FakeUapiServer.listen(join(directory, 'wg0.sock'), new FakeDevice('wg0'))
  const snapshot = join(directory, 'heap.heapsnapshot')
  const options = { execArgv: ['--expose-gc'], env: { PATH: process.env['PATH'] } }
  const child = fork(program, ['userspace', directory, snapshot, leak], options)
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  await Promise.race([
    once(child, 'message'),
    exited.then(([status]) => {
      throw new Error(`the child ended with ${status}`)
    }),
  ])
  const memory = searchMemory(child.pid as number)
  child.send('end')
  expect(await exited).toEqual([0, null])
  return { memory, snapshot: findPlanted(await readFile(snapshot)) }
}

/** The forms of keys in what a process has mapped for writing: heap, stacks, buffers. */
function searchMemory(pid: number): string[] {
  const found = new Set<string>()
  const file = openSync(`/proc/${pid}/mem`, 'r')
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
    if (!match) continue
    const [start, end] = [BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`)]
    // Pieces overlap, so that no key is cut in two.
    for (let at = start; at < end; at += PIECE - OVERLAP) {
      const length = Number(end - at < PIECE ? end - at : PIECE)
      const bytes = Buffer.allocUnsafe(length)
      const read = readMemory(file, bytes, at)
      for (const form of findPlanted(bytes.subarray(0, read), 2)) found.add(form)
      bytes.fill(0)
    }
  }
  closeSync(file)
  return [...found].sort()
}

const PIECE = 8n << 20n
const OVERLAP = 4096n

/** Pages that were never touched, and guards, cannot be read: there is nothing in them. */
function readMemory(file: number, into: Buffer, at: bigint): number {
  try {
    return readSync(file, into, 0, into.length, at)
  } catch {
    return 0
  }
}

describe('the memory of a process that is done with its keys', () => {
  it('has none of them, in no form', async () => {
    expect(await search('none')).toEqual({ memory: [], snapshot: [] })
  })

  it('is searched well: a key that was kept is found', async () => {
    const { memory, snapshot } = await search('leak')
    expect(memory).toEqual(expect.arrayContaining(['key 1 as raw', 'key 2 as base64']))
    expect(snapshot).toContain('key 2 as base64')
  })
})
