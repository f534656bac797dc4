// The tier `examples`. Needs the workspace prepared: `node scripts/test.mjs examples` does that first.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import typescript from 'typescript'
import { runWell } from './command.mjs'
import { isolated } from './namespace.mjs'
import { root } from './packages.mjs'

const examples = join(root, 'examples')
const { ModuleKind, ScriptTarget, transpileModule } = typescript

/** Below examples/, so that its dependencies are found from there. */
const cache = join(examples, 'node_modules', '.cache')
let built = ''

describe('examples', () => {
  before(() => {
    mkdirSync(cache, { recursive: true })
    built = mkdtempSync(join(cache, 'wgctrl-'))
  })
  after(() => rmSync(built, { recursive: true }))

  for (const file of readdirSync(examples).filter((name) => /\.(ts|mjs)$/.test(name))) {
    it(file, async () => {
      const [command = '', ...args] = isolated([process.execPath, runnable(file)])
      const output = await runWell(command, args, { cwd: examples, seconds: 300 })
      assert.notEqual(output, '', 'it shows something')
    })
  }
})

/**
 * The path of an example as a program for Node 20, which reads no TypeScript.
 *
 * @param {string} file
 */
function runnable(file) {
  const path = join(examples, file)
  if (!file.endsWith('.ts')) return path
  const { outputText } = transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: { target: ScriptTarget.ES2022, module: ModuleKind.ESNext },
  })
  const output = join(built, file.replace(/\.ts$/, '.mjs'))
  writeFileSync(output, outputText)
  return output
}
