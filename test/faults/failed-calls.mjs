// Makes calls that fail in every way: node failed-calls.mjs SOCKETDIR. Prints their codes, and what the process
// held before and after them. Closes nothing, and ends by itself.
import { readdirSync, readFileSync } from 'node:fs'
import { open } from 'wgctrl'

const wg = await open({ backends: ['userspace'], socketDir: process.argv[2] })
const held = () => ({
  descriptors: readdirSync('/proc/self/fd').length,
  threads: readdirSync('/proc/self/task').length,
  children: readFileSync('/proc/thread-self/children', 'utf8'),
  resources: process.getActiveResourcesInfo().filter((kind) => kind !== 'CloseReq'),
})
const first = async (name, options) => {
  for await (const peer of wg.peers(name, options)) return peer
}
const calls = {
  device: (name, options) => wg.device(name, options),
  peers: first,
  configure: (name, options) => wg.configure(name, { listenPort: 1 }, options),
}
const code = (call) =>
  call.then(
    () => 'it worked',
    (error) => error.code ?? error.name,
  )

/** What was let go of a moment ago is closed in the turns that follow. */
async function settled() {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 5))
}

await code(wg.device('good'))
await settled()
const before = held()
const codes = {}
for (const name of ['silent', 'garbage', 'hangup', 'dead', 'file', 'none', 'good']) {
  const outcomes = []
  // Milliseconds: none but the silent one lets it pass.
  const timeout = name === 'silent' ? 300 : 60_000
  for (const call of Object.values(calls)) outcomes.push(await code(call(name, { timeout })))
  codes[name] = outcomes.join(' ')
}
const aborted = []
for (const call of Object.values(calls)) {
  const signal = AbortSignal.timeout(100)
  aborted.push(await code(call('silent', { signal })))
}
codes.aborted = aborted.join(' ')
await settled()
// What is let go of goes in its own time, on a busy machine too.
const isAsBefore = () => JSON.stringify(held()) === JSON.stringify(before)
for (let looks = 0; looks < 600 && !isAsBefore(); looks++) await settled()
console.log(JSON.stringify({ codes, before, after: held() }))
