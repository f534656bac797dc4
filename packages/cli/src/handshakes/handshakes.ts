import type { Run } from '../command.js'
import { namespaceOf } from '../globals.js'
import { configReader, PeerNames } from '../peer-names/peer-names.js'
import { runService } from '../service/service.js'
import { withDevices } from '../session.js'
import { warner } from '../warner.js'
import { InitiationLog } from './initiation-log.js'

export const runHandshakes: Run = (invocation, io) =>
  withDevices(invocation, io, async (wg) => {
    const { words, options } = invocation
    const [device = ''] = words
    const warn = warner(invocation, io)
    const handshakes = wg.handshakes(device, { netns: namespaceOf(options['netns']) })
    const log = new InitiationLog(handshakes, {
      device,
      names: new PeerNames(
        typeof options['names'] === 'string' ? [options['names']] : [],
        configReader(invocation.globals),
        invocation.globals.dialect,
      ),
      isJson: options['json'] === true,
      now: () => io.now(),
      write: (text) => io.stdout.write(text),
      warn,
    })
    await runService(log, { env: io.env, pid: process.pid, warn })
    return 0
  })
