// What of the panel has privileges: it makes the calls of one user's processes, on one interface. README.md says how it is run.
import { parseArgs } from 'node:util'
import { open, serve } from 'wgctrl'

const { values } = parseArgs({
  options: {
    socket: { type: 'string', default: '/run/panel/wg.sock' },
    device: { type: 'string', default: 'wg0' },
    uid: { type: 'string' },
  },
})
if (!values.uid) throw new Error('say whose processes may connect: --uid NUMBER')

const wg = await open()
const server = await serve(wg, values.socket, {
  allow: { devices: [values.device], calls: ['read', 'interface'], uids: [Number(values.uid)] },
  mode: 0o666, // Whoever is let in, by the number of the user, the kernel says.
  log: ({ type, peer, call, reason }) =>
    console.error(type, `uid ${peer?.uid}`, call ?? '', reason?.message ?? ''),
})
console.log(`The helper is at ${values.socket}`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close()
    await wg.close()
  })
}
