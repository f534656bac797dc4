import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { withLock } from '../../scripts/lock.mjs'

const execute = promisify(execFile)
const cli = fileURLToPath(new URL('../../packages/cli', import.meta.url))

/** Where unix-dgram is. */
export const datagrams = (): string =>
  dirname(createRequire(join(cli, 'package.json')).resolve('unix-dgram/package.json'))

/** The install of the workspace runs no scripts: what is compiled is compiled here, by one at a time. */
export async function compileDatagrams(): Promise<void> {
  const folder = datagrams()
  const isCompiled = (): boolean => existsSync(join(folder, 'build/Release/unix_dgram.node'))
  if (isCompiled()) return
  await withLock(folder, async () => {
    if (!isCompiled()) await compile(folder)
  })
}

async function compile(folder: string): Promise<void> {
  // The headers of this Node, where they came with it: node-gyp would fetch them from nodejs.org.
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  const hasHeaders = existsSync(join(prefix, 'include/node/node.h'))
  const rebuild = `node-gyp rebuild${hasHeaders ? ` --nodedir=${prefix}` : ''}`
  try {
    await execute('npm', ['exec', '--yes', '-c', rebuild], { cwd: folder })
  } catch (error) {
    const needs = `python3, make, g++, and Node's headers in ${prefix}/include/node or from nodejs.org`
    throw new Error(`unix-dgram cannot be compiled; it needs ${needs}: ${error}`)
  }
}
