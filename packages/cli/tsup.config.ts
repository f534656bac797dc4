import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Options } from 'tsup'
import { library } from '../../tsup.base.js'

const source = fileURLToPath(new URL('src', import.meta.url))

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** What is loaded on demand: the code of each command. */
const LOADED = /\bimport\(\s*'(\.[^']+)\.js'\s*\)/g

/** Each file that some `import()` names, by the name of what is built from it. */
function entries(): Record<string, string> {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => /(?<!\.test|\.fixture)\.ts$/.test(file))
  const loaded = sources.flatMap((file) => {
    const path = join(source, file)
    const names = Array.from(readFileSync(path, 'utf8').matchAll(LOADED), ([, name]) => `${name}`)
    return names.map((name) => `${join(dirname(path), name)}.ts`)
  })
  return Object.fromEntries(
    [join(source, 'bin.ts'), ...loaded].map((path) => [builtName(path), path]),
  )
}

/** All in one folder, so that each finds the others. */
function builtName(path: string): string {
  return relative(source, path)
    .replace(/\.[jt]s$/, '')
    .replaceAll(/[\\/]/g, '-')
}

/** Leaves what is loaded on demand to a file of its own. */
const loadsOnDemand: Plugin = {
  name: 'loads-on-demand',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import' || !resolveDir.startsWith(source)) return undefined
      return { path: `./${builtName(join(resolveDir, path))}.cjs`, external: true }
    })
  },
}

const facade = fileURLToPath(new URL('../wireguard/src/index.ts', import.meta.url))

/** Imports what the facade loads when it is called. */
const TAKES_CONNECTIONS = /\bimport \{[^}]*\b(serve|connect)\b[^}]*\} from 'wgctrl'/

/**
 * Gives a facade without `serve` and `connect` to whoever takes neither. Whatever an `import()` can reach is laid
 * out by esbuild for being loaded later, all modules of ours at that, and none of it is left out for being
 * unused: a command would be twice as long, and take twice as long to parse.
 */
const withoutConnections: Plugin = {
  name: 'without-connections',
  setup(build) {
    build.onResolve({ filter: /^wgctrl$/ }, ({ importer }) => {
      const takesThem = TAKES_CONNECTIONS.test(readFileSync(importer, 'utf8'))
      return { path: facade, suffix: takesThem ? '' : '?local', sideEffects: false }
    })
    build.onLoad({ filter: /\/wireguard\/src\/index\.ts$/ }, ({ path, suffix }) => ({
      contents: readFileSync(path, 'utf8'),
      loader: 'ts',
      resolveDir: dirname(path),
      pluginData: { isLocal: suffix === '?local' },
    }))
    build.onResolve({ filter: /^\.\/remote\// }, ({ kind, path, pluginData }) =>
      kind === 'dynamic-import' && pluginData?.isLocal ? { path, external: true } : undefined,
    )
  },
}

/** Node has these loaded when a program begins. */
const LOADED_BY_NODE = new Set(['node:fs', 'node:path', 'node:process', 'node:module'])

/**
 * Loads what is Node's when it is first used: a command that derives no key and opens no socket does without
 * `node:crypto` and `node:net`, which take longer than all of ours.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
      namespace === 'lazy' || LOADED_BY_NODE.has(path)
        ? { path, external: true }
        : { path, namespace: 'lazy', sideEffects: false },
    )
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {})
      const getters = names.map((name) => `get ${name}() { return builtin().${name} },`)
      const lines = [`const builtin = () => require('${path}')`, 'module.exports = {', ...getters]
      return { contents: [...lines, '}'].join('\n'), loader: 'js', resolveDir: source }
    })
  },
}

/**
 * A program, not a library: one file for each command with what it needs of the facade bundled into it, so
 * that a command loads that and nothing else. Shared chunks would bring each command the parts that only
 * others need. CommonJS, as Node's loader of modules takes longer than most commands.
 */
const config: ReturnType<typeof defineConfig> = defineConfig({
  ...library,
  entry: entries(),
  format: ['cjs'],
  // `import.meta.url` in CommonJS.
  shims: true,
  dts: false,
  splitting: false,
  minifyWhitespace: true,
  minifySyntax: true,
  minifyIdentifiers: true,
  // The gateway is installed by those who run one.
  noExternal: [/^@wgctrl\/(?!gateway$)/, 'wgctrl'],
  removeNodeProtocol: false,
  esbuildPlugins: [loadsOnDemand, withoutConnections, lazyBuiltins],
  // An `import()` of CommonJS loads the loader of modules.
  esbuildOptions: (options) => {
    options.supported = { ...options.supported, 'dynamic-import': false }
  },
  // What the facade bundles is bundled here as well, and its licence asks for its notice.
  onSuccess: async () =>
    copyFileSync('../wireguard/node_modules/@msgpack/msgpack/LICENSE', 'dist/LICENSE-msgpack'),
})

export default config
