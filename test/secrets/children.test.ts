import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { findPlanted } from './planted.js'

const program = fileURLToPath(new URL('children-child.mjs', import.meta.url))

/** What /proc tells anybody of processes: the words they were started with, and root of their environment. */
async function processTexts(): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const file of ['cmdline', 'environ', 'comm']) {
      const text = await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')
      texts.set(`${pid} ${file} ${text.slice(0, 80)}`, text)
    }
  }
  return texts
}

async function fileTexts(directory: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const name of await readdir(directory, { recursive: true }).catch(() => [])) {
    texts.set(name, await readFile(join(directory, name), 'latin1').catch(() => ''))
  }
  return texts
}

function findIn(texts: Map<string, string>): string[] {
  return [...texts].flatMap(([name, text]) => findPlanted(text).map((found) => `${name}: ${found}`))
}

/**
 * Looks again and again while the program makes, changes and removes devices with planted keys. What it starts
 * waits until there was something to see of each of `awaited`.
 */
async function look(
  mode: 'careful' | 'careless',
  awaited: RegExp[],
): Promise<{ found: string[]; seen: Set<string> }> {
  await isolate()
  const temporary = await makeFolder()
  const looked = join(await makeFolder(), 'looked')
  const env = { PATH: process.env['PATH'], TMPDIR: temporary }
  const child = fork(program, [mode, looked], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('latin1').on('data', (text) => {
      output += text
    })
  }
  // And all it said was heard.
  const closed = once(child, 'close')
  const found = new Set<string>()
  const seen = new Set<string>()
  while (child.exitCode === null && child.signalCode === null) {
    for (const texts of [await processTexts(), await fileTexts(temporary)]) {
      for (const text of findIn(texts)) found.add(text.replace(/^\d+ /, ''))
      for (const name of texts.keys()) seen.add(name.split(' ').slice(1).join(' '))
    }
    const words = [...seen, ...found].join('\n')
    if (awaited.every((pattern) => pattern.test(words))) await writeFile(looked, '')
    await sleep(2)
  }
  expect([await closed, output.split('\n').at(-2)]).toEqual([[0, null], 'done'])
  for (const text of findPlanted(output)) found.add(`output: ${text}`)
  if (mode === 'careful') expect(await readdir(temporary)).toEqual([])
  return { found: [...found].sort(), seen }
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-children-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

it('no key is in an argument, an environment, a temporary file or the output of anybody', async () => {
  const awaited = [/cmdline .*wireguard-go/, /cmdline .*sleep/]
  const { found, seen } = await look('careful', awaited)
  expect(found).toEqual([])
  // The daemon and the hook were there to be looked at.
  for (const pattern of awaited) expect([...seen].join('\n')).toMatch(pattern)
})

it('they are looked at well: what a careless program gives away is found', async () => {
  const awaited = [/cmdline .*key 1 as base64/, /environ .*key 2 as base64/]
  const { found } = await look('careless', awaited)
  const text = found.join('\n')
  for (const pattern of awaited) expect(text).toMatch(pattern)
  expect(text).toMatch(/careless\.key: key 3 as hex/)
  expect(text).toMatch(/output: key 1 as base64/)
})
