import type { Run } from '../command.js'
import { runService } from '../service/service.js'
import { withWords } from '../session.js'
import { say, warner } from '../warner.js'
import { eventLine } from './event-line.js'
import { GatewayService } from './gateway-service.js'
import { loadGateway } from './load-gateway.js'

export const runGateway: Run = (invocation, io) =>
  withWords(invocation, io, async () => {
    const { Gateway, readGatewayConfig } = await loadGateway()
    const path = String(invocation.options['config'])
    const readConfig = () => readGatewayConfig(path)
    const config = await readConfig()
    if (invocation.options['check'] === true) {
      io.stdout.write(`${path} can be used\n`)
      return 0
    }
    const warn = warner(invocation, io)
    const gateway = new Gateway(config, {
      readConfig,
      onEvent: (event) => say(io.stdout, `${eventLine(event, config.log, io.now())}\n`),
    })
    const service = new GatewayService(gateway, { listen: config.listen, warn })
    await runService(service, { env: io.env, pid: process.pid, warn })
    return 0
  })
