import { readdirSync } from 'node:fs'
import { OptionDefaults } from 'typedoc'

/**
 * What is exported has to say what it is; of members the types say much.
 *
 * @type {import('typedoc').TypeDocOptions['requiredToBeDocumented']}
 */
const DOCUMENTED = ['Class', 'Function', 'Variable']

/** What most people look for. */
const SOUGHT_FIRST = [
  ...['which-call.md', 'panels.md', 'config-files.md', 'interfaces.md', 'testing.md'],
  ...['errors.md', 'questions.md'],
]

/** A page that is named twice is made twice. */
const others = readdirSync(new URL('../docs/', import.meta.url))
  .filter((name) => name.endsWith('.md') && !SOUGHT_FIRST.includes(name))
  .sort()

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'wgctrl',
  // The facade first: what it gives on from the packages below is told there, and named in theirs.
  entryPoints: [
    'wgctrl',
    'wgctrl-testing',
    'gateway',
    'netlink',
    'netlink-testing',
    'uapi',
    'uapi-testing',
    'ynl',
    'ynl-runtime',
    'types',
    'types-testing',
  ].map((name) => `api/${name}.ts`),
  sort: ['source-order'],
  readme: '../README.md',
  projectDocuments: [
    ...[...SOUGHT_FIRST, ...others].map((name) => `../docs/${name}`),
    '../examples/README.md',
    '../examples/panel/README.md',
    '../SECURITY.md',
    '../ARCHITECTURE.md',
  ],
  // Also by what a page says, not by its title alone.
  searchInDocuments: true,
  plugin: ['./headings.mjs'],
  out: 'dist',
  tsconfig: 'tsconfig.json',
  blockTags: [...OptionDefaults.blockTags, '@source'],
  highlightLanguages: [...OptionDefaults.highlightLanguages, 'ini', 'docker', 'toml'],
  disableSources: true,
  includeHierarchySummary: false,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // The tier `check` has checked the types.
  skipErrorChecking: true,
  treatWarningsAsErrors: true,
  requiredToBeDocumented: DOCUMENTED,
  validation: { notExported: true, invalidLink: true, notDocumented: true, rewrittenLink: true },
}
