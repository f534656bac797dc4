import { formatConfig, readConfigFile } from 'wgctrl'
import type { Run } from '../command.js'
import { fileOptions } from '../globals.js'
import { withWords } from '../session.js'
import { qrCode } from './qr-code.js'

export const runQr: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const [path = ''] = invocation.words
    const text = formatConfig(await readConfigFile(path, fileOptions(invocation.globals)))
    const output = invocation.options['svg'] === true ? 'svg' : 'term'
    io.stdout.paint(`${(await qrCode(text, output)).trimEnd()}\n`)
    return 0
  })
