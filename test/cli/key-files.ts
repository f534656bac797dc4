import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyPair, secret } from '../contract/samples.js'

const key = secret(1)

/** Files that keys are read from, by name; the first ones are keys, the others are not. */
const good: Record<string, string> = {
  'key-1': `${keyPair(1).privateKey}\n`,
  'key-2': keyPair(2).privateKey,
  'key-3': `${keyPair(3).privateKey} \t\r\n\v\f\n`,
  'psk-1': `${secret(1)}\n`,
  'psk-2': secret(2),
  empty: '',
}

const bad: Record<string, string> = {
  short: key.slice(1),
  one: 'A',
  'new-line': '\n',
  'two-keys': `${key}\n${key}\n`,
  'trailing-letter': `${key}x`,
  'trailing-nul': `${key}\0`,
  'leading-space': ` ${key}`,
  'not-base64': `${key.slice(0, 20)}*${key.slice(21)}`,
  'no-padding': `${key.slice(0, 43)}A`,
  'other-spelling': `${key.slice(0, 42)}B=`,
  'inner-nul': `${key.slice(0, 20)}\0${key.slice(21)}`,
}

/** The folder that `body` can use, with the files in it; `@files` stands for it in words. */
export async function makeKeyFiles(): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'wgctrl-cli-'))
  for (const [name, content] of Object.entries({ ...good, ...bad })) {
    await writeFile(join(directory, name), content, { mode: 0o600 })
  }
  await mkdir(join(directory, 'folder'))
  return { directory, remove: () => rm(directory, { recursive: true }) }
}

export const goodFiles = [...Object.keys(good).map((name) => `@files/${name}`), '/dev/null']
export const badFiles = [
  ...Object.keys(bad).map((name) => `@files/${name}`),
  '@files/folder',
  '@files/missing',
  '@files/key-1/below',
  '',
]
/** What is read from standard input in the place of a file. */
export const inputs = [...Object.values(good), ...Object.values(bad)]
