import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { peerKey } from '../contract/samples.js'
import { findKeys, planted, plantedText } from './planted.js'
import { searchMemory } from './process-memory.js'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const program = path('../../packages/cli/dist/bin.cjs')
const stopAtExit = path('stop-at-exit.mjs')

interface Outcome {
  readonly output: string
  /** The forms of keys that the process had in its memory when it was done. */
  readonly memory: string[]
}

/** Runs our command to its end, and looks at its memory before that is gone. */
async function run(
  words: string[],
  input = '',
  keysOf = (_: string) => [1, 2].map(planted),
): Promise<Outcome> {
  const child = spawn(process.execPath, ['--expose-gc', '--import', stopAtExit, program, ...words])
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end(input)
  const closed = once(child, 'close')
  const errors = text(child.stderr)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    output += piece
  })
  await vi.waitFor(
    async () => expect(await readFile(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) T /),
    // Milliseconds, for the slowest of machines.
    { timeout: 300_000, interval: 20 },
  )
  // What it said before it stopped is in the pipe: a turn of the loop reads it.
  await setImmediate()
  await setImmediate()
  const memory = searchMemory(child.pid as number, (bytes) => findKeys(bytes, keysOf(output)))
  child.kill('SIGCONT')
  expect([await closed, await errors]).toEqual([[0, null], ''])
  return { output, memory }
}

const otherThanText = (memory: string[]): string[] =>
  memory.filter((form) => !form.endsWith(' as base64'))

/**
 * What the command has in its memory when it is done: keys that it was given in files or on its input are gone;
 * of what it shows, the text is there, since texts of JavaScript cannot be wiped, and nothing else.
 *
 * @param newDevice makes a device
 */
export function commandMemory(newDevice: () => Promise<string>): void {
  const files = async (): Promise<[string, string]> => {
    const directory = await mkdtemp(join(tmpdir(), 'wgctrl-command-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const names = [1, 2].map((n) => join(directory, `${n}.key`)) as [string, string]
    for (const [index, name] of names.entries()) {
      await writeFile(name, `${plantedText(index + 1)}\n`, { mode: 0o600 })
    }
    return names
  }
  const set = async (name: string): Promise<Outcome> => {
    const [one, two] = await files()
    return run(['set', name, 'private-key', one, 'peer', peerKey(1), 'preshared-key', two])
  }

  describe('the memory of our command when it is done', () => {
    it('set: has none of the keys of its files', async () => {
      expect((await set(await newDevice())).memory).toEqual([])
    })

    it('pubkey: has nothing of the private key', async () => {
      const { output, memory } = await run(['pubkey'], `${plantedText(1)}\n`)
      expect(output).toMatch(/^[\w+/]{43}=\n$/)
      expect(memory).toEqual([])
    })

    it('show without a word for keys: has none of those that the device has', async () => {
      const name = await newDevice()
      await set(name)
      const { output, memory } = await run(['show', name])
      expect(output).toContain('private key: (hidden)')
      expect(memory).toEqual([])
    })

    it('genkey: has the text that it printed, and the key in no other form', async () => {
      const keysOf = (output: string): Uint8Array[] => [Buffer.from(output.trim(), 'base64')]
      const { output, memory } = await run(['genkey'], '', keysOf)
      expect(output).toMatch(/^[\w+/]{43}=\n$/)
      expect(otherThanText(memory)).toEqual([])
    })

    it('showconf: has the text that it printed, and the keys in no other form', async () => {
      const name = await newDevice()
      await set(name)
      const { output, memory } = await run(['showconf', name])
      for (const n of [1, 2]) expect(output).toContain(plantedText(n))
      expect(otherThanText(memory)).toEqual([])
    })

    it('setconf: has the text of the file, and the keys in no other form', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'wgctrl-command-'))
      onTestFinished(() => rm(directory, { recursive: true }))
      const file = join(directory, 'wg0.conf')
      const lines = [`[Interface]`, `PrivateKey = ${plantedText(1)}`, '[Peer]']
      lines.push(`PublicKey = ${peerKey(1)}`, `PresharedKey = ${plantedText(2)}`, '')
      await writeFile(file, lines.join('\n'), { mode: 0o600 })
      const { memory } = await run(['setconf', await newDevice(), file])
      expect(otherThanText(memory)).toEqual([])
    })
  })
}
