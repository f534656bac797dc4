import { readConfigFile, stripConfig } from 'wgctrl'
import type { Run } from '../command.js'
import { fileOptions } from '../globals.js'
import { withWords } from '../session.js'
import { warner } from '../warner.js'
import { configOf } from './config-path.js'

export const runStrip: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const [word = ''] = invocation.words
    const found = await configOf(word, warner(invocation, io), invocation.globals)
    io.stdout.write(stripConfig(await readConfigFile(found.path, fileOptions(invocation.globals))))
    return 0
  })
