// The tier `check`. Needs the workspace prepared: `node scripts/test.mjs check` does that first.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { chooseTiers } from './chosen-tiers.mjs'
import { run, runWell } from './command.mjs'
import { brokenPromises } from './guarantees.mjs'
import { brokenLinks } from './links.mjs'
import { wrongNpmPages } from './npm-pages.mjs'
import { packPackages, readManifest, readPackages, root } from './packages.mjs'
import { faultsInCode } from './page-code/page-code.mjs'
import { missingInDeclarations } from './public-types.mjs'
import { releaseOf } from './release.mjs'
import { billOf } from './sbom.mjs'
import { installedWith, installScripts, otherLicences, withoutIntegrity } from './supply.mjs'

/** @typedef {import('./packages.mjs').Packed} Packed */
/** @typedef {{ directories: string[], compilerOptions: object, include: string[] }} Program what is compiled at once */

const concurrency = 2

describe('sources', { concurrency }, () => {
  it('are formatted, and biome finds no fault', () =>
    finds(['biome', 'ci', '--error-on-warnings', '--colors=off', '.']))

  for (const { directories, ...program } of typedPrograms()) {
    it(`${directories.join(', ')}: types are sound`, () => findsTypes(program))
  }

  it('have nothing unused', () => finds(['knip']))

  it('have nothing that only tests use', () => finds(['knip', '--production']))

  it('have a manual of the commands that says what the commands say', async () => {
    const script = join(root, 'scripts/cli-docs.mjs')
    await runWell(process.execPath, [script, '--check'], { cwd: root, seconds: 120 })
  })

  it('keep what docs/guarantees.md promises: each sentence names a test that is there', () => {
    assert.deepEqual(brokenPromises('docs/guarantees.md'), [])
  })

  it('have no link in their pages that leads nowhere', async () => {
    assert.deepEqual(await brokenLinks(), [])
  })

  it('come from packages whose hash the lockfile has', () => {
    assert.deepEqual(withoutIntegrity(), [])
  })

  it('use packages of known licences alone', async () => {
    assert.deepEqual(await otherLicences(), [])
  })

  it('have changesets that name their packages', async () => {
    await finds(['changeset', 'status', ...(await baseOfChanges())])
  })

  it('make one release of all packages, no larger than the change, each with its changelog', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wgctrl-release-'))
    try {
      const packages = readPackages()
      const [major = 0, minor = 0] = packages[0]?.manifest.version.split('.').map(Number) ?? []
      const version = `${major}.${minor + 1}.0`
      // The command has the gateway as a peer, which changesets take for a reason of a major release.
      const change = "---\n'@wgctrl/gateway': minor\n---\n\nA change.\n"
      for (const made of await releaseOf(folder, change)) {
        assert.equal(made.version, version, made.name)
        assert.ok(made.changelog.startsWith(`# ${made.name}\n\n## ${version}\n`), made.changelog)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('say in manifests and READMEs where their repository is, with links that npm can follow', async () => {
    assert.deepEqual(await wrongNpmPages(), [])
  })

  it('are not published while nobody owns their repository', async () => {
    const [owned, ...args] = [
      readManifest(join(root, 'package.json')),
      'scripts/npm-pages.mjs',
      '--publish',
    ]
    const { status, output } = await run(process.execPath, args, { cwd: root })
    assert.equal(status === 0, !owned.repository.url.includes('OWNER_TO_SET'), output)
    for (const { manifest } of readPackages()) {
      assert.equal(manifest.scripts.prepublishOnly, 'node ../../scripts/npm-pages.mjs --publish')
    }
  })
})

describe('packages', { concurrency }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgctrl-packed-'))
  /** @type {Map<string, string>} */
  const tarballs = new Map()

  const tarball = (/** @type {string} */ name) => {
    const path = tarballs.get(name)
    assert.ok(path, `${name} was packed`)
    return path
  }

  const manifestOf = (/** @type {string} */ name) =>
    runWell('tar', ['-xOf', tarball(name), 'package/package.json'])

  before(async () => {
    for (const { name, tarball } of await packPackages(folder)) tarballs.set(name, tarball)
  })

  after(() => rmSync(folder, { recursive: true }))

  it('run nothing when they are installed, nor does what comes with them', async () => {
    const manifests = await Promise.all([...tarballs.keys()].map(manifestOf))
    const installed = installedWith(manifests.map((text) => JSON.parse(text)))
    assert.ok(installed.length > manifests.length)
    assert.deepEqual(installed.flatMap(installScripts), [])
    for (const { manifest } of installed) assert.equal(typeof manifest.license, 'string')
  })

  it('are used on the pages as they are: the code there compiles', async () => {
    const docs = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))
    const pages = [...docs.map((file) => join('docs', file)), ...readmes()]
    assert.equal(await faultsInCode(pages), '')
  })

  it('export every type that stands in a signature, and nothing without a word about it', () => {
    assert.deepEqual(missingInDeclarations(), { hidden: [], undocumented: [] })
  })

  it('are what npm would publish with provenance', async () => {
    const options = ['publish', '--dry-run', '--provenance', '--offline', tarball('wgctrl')]
    assert.match(await runWell('npm', options, { cwd: folder }), /^\+ wgctrl@/m)
  })

  for (const { name, directory } of readPackages()) {
    it(`${name} has a bill of materials with all that it depends on`, async () => {
      const { components } = await billOf(name)
      const dependencies = Object.keys(JSON.parse(await manifestOf(name)).dependencies ?? {})
      const named = components.map(({ purl }) => decodeURIComponent(purl))
      const missing = dependencies.filter(
        (each) => !named.some((purl) => purl.startsWith(`pkg:npm/${each}@`)),
      )
      assert.deepEqual(missing, [])
    })

    it(`${name} has code that Node can read, in each form`, async () => {
      const files = readdirSync(join(directory, 'dist'), { recursive: true, encoding: 'utf8' })
      const code = files.filter((file) => /\.c?js$/.test(file))
      assert.ok(code.length > 0)
      const paths = code.map((file) => join(directory, 'dist', file))
      const reader = ['--experimental-vm-modules', join(root, 'scripts/readable.mjs')]
      await runWell(process.execPath, [...reader, ...paths])
    })

    it(`${name} is public, says its source, and brings neither sources nor their maps`, async () => {
      const { publishConfig, repository } = JSON.parse(await manifestOf(name))
      assert.deepEqual(publishConfig, { access: 'public', provenance: true })
      assert.equal(join(root, repository.directory), directory)
      const files = (await runWell('tar', ['-tf', tarball(name)])).trim().split('\n')
      assert.deepEqual(
        files.filter((file) => /\.map$|(?<!\.d)\.[cm]?ts$/.test(file)),
        [],
      )
    })

    it(`${name} pleases publint`, () => finds(['publint', '--strict', tarball(name)]))

    it(`${name} has types wherever it has code`, () =>
      finds(['attw', '--profile', 'node16', tarball(name)]))
  }
})

describe('tiers', () => {
  const chosen = (/** @type {Parameters<typeof chooseTiers>} */ ...asked) =>
    chooseTiers(...asked).map(({ name }) => name)

  it('are those of a kernel when it alone is named, on that kernel: its own, or the usual one', () => {
    for (const kernel of ['6.1', '6.18', 'newest']) {
      assert.deepEqual(chosen({ kernel }, []), [`kernel-${kernel}`])
    }
    for (const kernel of ['6.12', 'host']) assert.deepEqual(chosen({ kernel }, []), ['kernel'])
  })

  it('are those that are named, whatever the kernel', () => {
    assert.deepEqual(chosen({ kernel: '6.12' }, ['kernel-files']), ['kernel-files'])
  })

  it('are all that nobody has to ask for when nothing is named', () => {
    assert.ok(chosen({}, []).includes('unit'))
    assert.ok(!chosen({}, []).includes('kernel-files'))
    assert.ok(chosen({ all: true }, []).includes('kernel-files'))
  })
})

/**
 * Runs a checker that has to find nothing.
 *
 * @param {string[]} command
 */
async function finds([name = '', ...args], cwd = root) {
  const env = { ...process.env, NO_COLOR: '1' }
  await runWell(join(root, 'node_modules/.bin', name), args, { cwd, env, seconds: 300 })
}

/**
 * Both packages have a `tsc`: this is the fast one.
 *
 * @param {Omit<Program, 'directories'>} program
 */
async function findsTypes({ compilerOptions, include }) {
  const folder = mkdtempSync(join(tmpdir(), 'wgctrl-types-'))
  try {
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { typeRoots: [join(root, 'node_modules/@types')], ...compilerOptions },
      include,
    }
    const path = join(folder, 'tsconfig.json')
    writeFileSync(path, JSON.stringify(config))
    const tsc = join(root, 'node_modules/typescript-native/bin/tsc')
    await runWell(process.execPath, [tsc, '--project', path], { cwd: root, seconds: 300 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Whatever has a tsconfig.json. Those whose options are the same are one program: each for itself would compile again
 * what it imports of the others.
 */
function typedPrograms() {
  /** @type {Map<string, Program>} */
  const programs = new Map()
  for (const directory of typedDirectories()) {
    const own = readManifest(join(root, directory, 'tsconfig.json'))
    const { extends: base, compilerOptions = {}, include, ...others } = own
    assert.equal(join(root, directory, base), join(root, 'tsconfig.base.json'))
    assert.deepEqual(others, {}, `${directory}/tsconfig.json has more than is looked at here`)
    const key = JSON.stringify(compilerOptions)
    /** @type {Program} */
    const program = programs.get(key) ?? { directories: [], compilerOptions, include: [] }
    program.directories.push(directory)
    program.include.push(
      ...include.map((/** @type {string} */ each) => join(root, directory, each)),
    )
    programs.set(key, program)
  }
  return [...programs.values()]
}

/** @returns {string[]} */
function typedDirectories() {
  const members = readdirSync(join(root, 'packages')).map((name) => join('packages', name))
  const beside = readdirSync(root).filter((name) => name !== 'node_modules')
  return [...members, ...beside, 'examples/panel'].filter((each) =>
    existsSync(join(root, each, 'tsconfig.json')),
  )
}

/** The README of the root, and of each package. */
function readmes() {
  const own = readPackages().map(({ directory }) => relative(root, join(directory, 'README.md')))
  return ['README.md', ...own]
}

/** Since when changes need a changeset: `main` of the clone, else the remote's, else the last commit. */
async function baseOfChanges() {
  const has = async (/** @type {string} */ ref) =>
    (await run('git', ['rev-parse', '--verify', '--quiet', ref], { cwd: root })).status === 0
  if (await has('refs/heads/main')) return []
  return (await has('refs/remotes/origin/main')) ? ['--since=origin/main'] : ['--since=HEAD']
}
