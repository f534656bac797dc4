import { readConfigFile, stripConfig } from 'wgctrl'
import type { Run } from '../command.js'
import { configFileOf } from '../peer-names/peer-names.js'
import { withWords } from '../session.js'
import { warner } from '../warner.js'
import { findConfig } from './config-path.js'

export const runStrip: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const [word = ''] = invocation.words
    const found = await findConfig(word, warner(invocation, io))
    if (!found) throw new Error(`${configFileOf(word)} does not exist`)
    io.stdout.write(stripConfig(await readConfigFile(found.path, invocation.globals.trust)))
    return 0
  })
