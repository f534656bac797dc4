import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url))

/**
 * Makes one program of the contract, for a machine that has Node and the packed packages and nothing else.
 *
 * @param {string} folder where it is put, as `contract.mjs`
 */
export async function bundleContract(folder) {
  const ofVitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const expect = ofVitest.resolve('@vitest/expect')
  const chai = createRequire(expect).resolve('chai')
  await build({
    config: false,
    silent: true,
    entry: [here('contract.ts')],
    outDir: folder,
    format: 'esm',
    target: 'node20.19',
    outExtension: () => ({ js: '.mjs' }),
    external: [/^(@wgctrl\/|wgctrl$)/],
    noExternal: [/^vitest$/, /^@vitest\/expect$/, /^chai$/],
    esbuildOptions(options) {
      options.alias = { vitest: here('runner.mjs'), '@vitest/expect': expect, chai }
      options.nodePaths = [dirname(expect)]
    },
  })
}
