// Writes what each published package brings along, as CycloneDX: node scripts/sbom.mjs [FOLDER].
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runWell } from './command.mjs'
import { pnpm, readPackages, root } from './packages.mjs'

/**
 * The bill of materials of one package, made by pnpm from the lockfile.
 *
 * @param {string} name
 * @returns {Promise<{ components: { purl: string }[] }>}
 */
export async function billOf(name) {
  const args = ['--filter', name, 'sbom', '--sbom-format', 'cyclonedx', '--prod']
  const output = await runWell(await pnpm(), args, { cwd: root })
  return JSON.parse(output.slice(output.indexOf('{')))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, '.results/sbom'))
  mkdirSync(folder, { recursive: true })
  for (const { name } of readPackages()) {
    const path = join(folder, `${name.replace('@', '').replace('/', '-')}.cdx.json`)
    writeFileSync(path, `${JSON.stringify(await billOf(name), null, 2)}\n`)
    console.log(path)
  }
}
