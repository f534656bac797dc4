import { configFiles } from '../../cli/suite.js'
import { kernel } from '../../contract/harnesses/kernel.js'

/** For the three commands together, beside the wg(8) of this machine; four seconds each where it is emulated. */
const files = Number(process.env.WGCTRL_CORPUS_FILES ?? 60)

const perCommand = Math.ceil(files / 12) * 4
configFiles(kernel, { files: perCommand, seconds: Math.max(500, perCommand * 4) })
