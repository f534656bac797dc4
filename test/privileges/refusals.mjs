// Asks the facade, and the command, for a device in every way that there is, and says what each is told:
//   node refusals.mjs DIRECTORY DEVICE
// DIRECTORY is writable. Another backend that may be used is beside. Prints JSON: codes, with whose they are.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MemoryBackend } from '@wgctrl/types/testing'
import { open } from 'wgctrl'

const [directory = '.', name = ''] = process.argv.slice(2)
const bin = fileURLToPath(new URL('../../packages/cli/dist/bin.cjs', import.meta.url))
const file = join(directory, `${name}.conf`)
writeFileSync(file, '[Interface]\nListenPort = 7\n', { mode: 0o600 })

const told = ({ code, backend }) => [code, backend].join(' of ')
const outcome = (call) => call.then(() => 'done', told)

const wg = await open({ backends: [new MemoryBackend('linux-kernel'), 'userspace'] })

/** Of the events of a watch the first that tells of a failure. */
async function failureIn(watcher) {
  for await (const event of watcher) if (event.error) return `${event.type}: ${told(event.error)}`
}

const watch = { interval: 20, initial: true }
const facade = {
  device: await outcome(wg.device(name)),
  'device of some age': await outcome(wg.device(name, { maxAge: 1000 })),
  peers: await outcome(wg.peers(name).next()),
  configure: await outcome(wg.configure(name, { listenPort: 7 })),
  sync: await outcome(wg.sync(name, { listenPort: 7 })),
  'dry sync': await outcome(wg.sync(name, { listenPort: 7 }, { dryRun: true })),
  delete: await outcome(wg.delete(name)),
  handshakes: await outcome(wg.handshakes(name).next()),
  'just in time': await outcome(wg.justInTime(name, { lookup: () => undefined })),
  names: await wg.names().then((names) => names.join(), told),
  devices: (await wg.devices()).errors.map(told).join(),
  watch: await failureIn(wg.watch(name, watch)),
  'watch of all': await failureIn(wg.watch(undefined, watch)),
}
await wg.close()

/** The status, and the reason in the system's words, if it is said. */
const run = (...args) =>
  new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], (error, stdout, stderr) => {
      const [reason = stdout + stderr] =
        /EACCES|EPERM|permission denied/i.exec(stdout + stderr) ?? []
      resolve(`${error?.code ?? 0}: ${reason}`)
    })
  })

const command = {
  show: await run('show', name),
  set: await run('set', name, 'listen-port', '7'),
  diff: await run('diff', name, file),
  watch: await run('watch', '--lines', name),
  handshakes: await run('handshakes', name),
}
console.log(JSON.stringify({ facade, command }))
