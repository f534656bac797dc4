// Builds the site: static files in site/dist, of the docstrings and docs/.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
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
  const said = await runWell(process.execPath, [program, '--out', out], { cwd: site, seconds: 600 })
  showAsText(out)
  return said
}

/** The programs that pages link to: a server of files says of `.ts` that it is a film, and of `.sh` that it is to be saved. */
const PROGRAM = /\.(?:ts|mjs|sh)$/
const TO_PROGRAM = /(href="(?:\.\.\/)*media\/[^"#]+\.(?:ts|mjs|sh))(?=["#])/g

/** @param {string} out */
function showAsText(out) {
  const media = join(out, 'media')
  for (const name of readdirSync(media)) {
    if (PROGRAM.test(name)) renameSync(join(media, name), join(media, `${name}.txt`))
  }
  for (const file of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.html')) continue
    const path = join(out, file)
    const page = readFileSync(path, 'utf8')
    const shown = page.replaceAll(TO_PROGRAM, '$1.txt')
    if (shown !== page) writeFileSync(path, shown)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await installDependencies()
    const out = join(site, 'dist')
    console.log(await buildSite(out))
    console.log(`The site is in ${out}.`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
