#!/usr/bin/env node
import { basename } from 'node:path'
import { main } from './main.js'
import { processIo } from './process-io.js'

// Not awaited: what is published is CommonJS, which a process starts sooner with.
const program = basename(process.argv[1] ?? 'wgctrl', '.exe')
main(process.argv.slice(2), processIo(), program).then((status) => {
  process.exitCode = status
})
