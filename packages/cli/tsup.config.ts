import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Options } from 'tsup'
import { library } from '../../tsup.base.js'

const source = fileURLToPath(new URL('src', import.meta.url))

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
const loadsOnDemand: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'loads-on-demand',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import' || !resolveDir.startsWith(source)) return undefined
      return { path: `./${builtName(join(resolveDir, path))}.js`, external: true }
    })
  },
}

/**
 * A program, not a library: one file for each command with what it needs of the facade bundled into it, so
 * that a command loads that and nothing else. Shared chunks would bring each command the parts that only
 * others need.
 */
const config: ReturnType<typeof defineConfig> = defineConfig({
  ...library,
  entry: entries(),
  format: ['esm'],
  dts: false,
  splitting: false,
  minifyWhitespace: true,
  minifySyntax: true,
  // The gateway is installed by those who run one.
  noExternal: [/^@wgctrl\/(?!gateway$)/, 'wgctrl'],
  esbuildPlugins: [loadsOnDemand],
  // What the facade bundles is bundled here as well, and its licence asks for its notice.
  onSuccess: async () =>
    copyFileSync('../wireguard/node_modules/@msgpack/msgpack/LICENSE', 'dist/LICENSE-msgpack'),
})

export default config
