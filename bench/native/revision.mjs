import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runWell } from '../../scripts/command.mjs'
import { root } from '../../scripts/packages.mjs'
import { cache } from '../../scripts/workspace.mjs'

/**
 * The checkout of a commit, with its packages built.
 *
 * @param {string} name what git calls it
 * @returns {Promise<string>} its folder
 */
export async function buildRevision(name) {
  const found = await runWell('git', ['rev-parse', '--verify', `${name}^{commit}`], { cwd: root })
  const commit = found.trim()
  const folder = join(cache, 'revisions', commit)
  const stamp = join(folder, 'built')
  if (existsSync(stamp)) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await runWell('sh', ['-c', 'git archive "$1" | tar -x -C "$2"', 'sh', commit, folder], {
    cwd: root,
  })
  console.log(`bench: building ${commit.slice(0, 10)}`)
  const script = `import('./scripts/workspace.mjs').then((workspace) => workspace.installDependencies())`
  await runWell(process.execPath, ['-e', script], { cwd: folder })
  // What runs is enough: declarations take most of the time of a build.
  for (const name of ['types', 'netlink', 'uapi', 'wireguard', 'cli']) {
    const directory = join(folder, 'packages', name)
    await runWell(join(folder, 'node_modules/.bin/tsup'), ['--no-dts'], { cwd: directory })
  }
  writeFileSync(stamp, '')
  return folder
}
