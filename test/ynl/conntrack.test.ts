import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { isolate } from '../contract/harnesses/isolation.js'
import { run } from '../lifecycle/command.js'

/** The kernel tracks connections where a rule asks for their state. */
const rules = `
table ip example {
  chain input {
    type filter hook input priority 0
    ct state established accept
  }
}`

it('the example of conntrack lists a connection with the way back', async () => {
  await isolate()
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  const listed = async (): Promise<string> => {
    said.mockClear()
    vi.resetModules()
    await import('../../examples/netlink-conntrack.js')
    return said.mock.calls.map(([line]) => String(line)).join('\n')
  }
  expect(await listed()).toBe('no connection is tracked in this network namespace')

  await run('nft', rules)
  const server = createServer((socket) => socket.pipe(socket)).listen(4444, '127.0.0.1')
  await once(server, 'listening')
  const client: Socket = connect(4444, '127.0.0.1')
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  client.write('x')
  await once(client, 'data')
  const port = client.localPort
  const line = `tcp 127.0.0.1 ${port} -> 127.0.0.1 4444, answered 127.0.0.1 4444 -> 127.0.0.1 ${port}, `
  expect(await listed()).toMatch(new RegExp(`^${line}\\d+ s$`))
})
