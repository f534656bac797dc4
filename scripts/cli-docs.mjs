// Writes docs/cli.md and the manual page from the commands of packages/cli. `--check`: says whether they
// are up to date, and writes nothing.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'tsup'
import { root } from './packages.mjs'

const isCheck = process.argv.includes('--check')
const stale = (await documents()).filter(([path, text]) => read(path) !== text)
for (const [path, text] of isCheck ? [] : stale) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(`wrote ${path}`)
}
if (isCheck && stale.length > 0) {
  console.error(`not what the commands say: ${stale.map(([path]) => path).join(', ')}`)
  console.error('run node scripts/cli-docs.mjs')
  process.exitCode = 1
}

/** @returns {Promise<[string, string][]>} paths and texts */
async function documents() {
  const cli = join(root, 'packages/cli')
  // Below the package, so that what it depends on is found from there.
  const outDir = join(cli, 'node_modules/.cache', `docs-${process.pid}`)
  try {
    await build({
      config: false,
      silent: true,
      entry: [join(cli, 'src/help/documents.ts')],
      outDir,
      format: 'esm',
      outExtension: () => ({ js: '.mjs' }),
      target: 'node20.19',
      platform: 'node',
      tsconfig: join(cli, 'tsconfig.json'),
      // The table alone is wanted, not what its commands load.
      external: [/^[^./]/],
    })
    const module = await import(pathToFileURL(join(outDir, 'documents.mjs')).href)
    return [...module.documents()]
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}
