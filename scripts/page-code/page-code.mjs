import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../command.mjs'
import { root } from '../packages.mjs'

const FENCE = /^```ts\n(?<code>.*?)^```$/gms

/** From the first line of an import to its last. */
const IMPORT = /^import\b[^'"]*?['"][^'"]+['"];?(?: \/\/.*)?$/gm

/** What pages have without saying so: names, and the programs that one of them tests. */
const GIVEN = ['prelude.d.ts', 'server.d.ts', 'status.d.ts']

/** Where the packages are found as their users find them, by their declarations. */
const place = join(root, 'test/node_modules/.cache/wgctrl')

/**
 * Compiles the code of pages: each fence in a module of its own, where `prelude.d.ts` has what went before, and
 * whatever `wgctrl` exports need not be imported.
 *
 * @param {string[]} pages paths from the root
 * @returns {Promise<string>} what the compiler finds; its paths begin with that of the page
 */
export async function faultsInCode(pages) {
  mkdirSync(place, { recursive: true })
  const folder = mkdtempSync(join(place, 'pages-'))
  try {
    const files = pages.flatMap((page) => writeModules(folder, page))
    writeFileSync(join(folder, 'exports.d.ts'), await exportsOfFacade())
    for (const name of GIVEN) {
      copyFileSync(fileURLToPath(new URL(name, import.meta.url)), join(folder, name))
    }
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    const names = [...files, ...GIVEN, 'exports.d.ts']
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }))
    const tsc = join(root, 'node_modules/typescript-native/bin/tsc')
    const { status, output } = await run(process.execPath, [tsc, '--pretty', 'false'], {
      cwd: folder,
      seconds: 300,
    })
    return status === 0 ? '' : output
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * @param {string} folder
 * @param {string} page
 * @returns {string[]} the names of the files
 */
function writeModules(folder, page) {
  const fences = [...readFileSync(join(root, page), 'utf8').matchAll(FENCE)]
  return fences.map(({ groups }, index) => {
    const code = groups?.['code'] ?? ''
    const imports = code.match(IMPORT) ?? []
    const body = code.replaceAll(IMPORT, '')
    const file = `${page.replaceAll('/', '-')}-${index + 1}.mts`
    const module = [...imports, 'export async function code() {', body, '}', '']
    writeFileSync(join(folder, file), module.join('\n'))
    return file
  })
}

/** Declares what the facade exports, but for what the prelude has. */
async function exportsOfFacade() {
  const facade = await import(join(root, 'packages/wireguard/dist/index.js'))
  const prelude = readFileSync(new URL('prelude.d.ts', import.meta.url), 'utf8')
  const lines = Object.keys(facade)
    .filter((name) => !prelude.includes(` ${name}:`))
    .map((name) => `  const ${name}: typeof all.${name}`)
  return ["import type * as all from 'wgctrl'", 'declare global {', ...lines, '}', ''].join('\n')
}
