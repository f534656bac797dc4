// Builds the site: static files in site/dist, of the docstrings and docs/.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runWell } from './command.mjs'
import { root } from './packages.mjs'
import { installDependencies } from './workspace.mjs'

const site = join(root, 'site')

/**
 * @param {string} out a folder; what is in it is removed
 * @returns {Promise<string>} what the generator said; a warning is an error
 */
export async function buildSite(out) {
  const program = join(site, 'node_modules/typedoc/bin/typedoc')
  return await runWell(process.execPath, [program, '--out', out], { cwd: site, seconds: 600 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await installDependencies()
    console.log(await buildSite(join(site, 'dist')))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
