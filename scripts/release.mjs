import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { runWell } from './command.mjs'
import { readManifest, readPackages, root } from './packages.mjs'

/**
 * Makes in an empty folder the release of the packages after this one, for a change of one of them.
 *
 * @param {string} folder
 * @param {string} change a changeset
 * @returns {Promise<{ name: string, version: string, changelog: string }[]>}
 */
export async function releaseOf(folder, change) {
  const packages = readPackages().map((each) => ({
    ...each,
    place: relative(root, each.directory),
  }))
  const manifests = packages.map(({ place }) => join(place, 'package.json'))
  for (const file of [
    'package.json',
    'pnpm-workspace.yaml',
    '.changeset/config.json',
    ...manifests,
  ]) {
    cpSync(join(root, file), join(folder, file))
  }
  writeFileSync(join(folder, '.changeset/change.md'), change)
  await runWell('git', ['init', '--quiet'], { cwd: folder })
  await runWell(join(root, 'node_modules/.bin/changeset'), ['version'], {
    cwd: folder,
    seconds: 120,
  })
  return packages.map(({ name, place }) => {
    const { version } = readManifest(join(folder, place, 'package.json'))
    return { name, version, changelog: readFileSync(join(folder, place, 'CHANGELOG.md'), 'utf8') }
  })
}
