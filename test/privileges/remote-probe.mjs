// Tries what a client of a server can do: node remote-probe.mjs DIRECTORY SOCKET. Prints JSON: of each call `ok`, or the
// code of the error, and the process it is.
import { connect } from 'wgctrl'

const [, socket = ''] = process.argv.slice(2)

const outcome = (call) =>
  call.then(
    () => 'ok',
    (error) => error.code ?? String(error),
  )

const results = { pid: process.pid }
const wg = await connect(socket).catch((error) => {
  results.connect = error.code
})
if (wg) {
  results.read = await outcome(wg.device('wgroot0'))
  results.secrets = await outcome(wg.device('wgroot0', { secrets: true }))
  results.configure = await outcome(wg.configure('wgroot0', { listenPort: 1 }))
  await wg.close()
}
console.log(JSON.stringify(results))
