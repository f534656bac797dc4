#!/usr/bin/env node
// What `npx wgctrl` finds in the library: the command is a package of its own, so that programs install none.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const COMMAND = '@wgctrl/cli'

/** Where the command is, if it was installed beside the library. */
function findCommand() {
  const require = createRequire(import.meta.url)
  try {
    const manifest = require.resolve(`${COMMAND}/package.json`)
    return join(dirname(manifest), require(manifest).bin.wgctrl)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

const command = findCommand()
if (command) await import(pathToFileURL(command).href)
else {
  console.error(
    `wgctrl: this is the library; the command: npx ${COMMAND} (or npm install --global ${COMMAND})`,
  )
  process.exitCode = 1
}
