// Runs out of descriptors: node exhausted.mjs BACKEND NAME, with a low limit. Ends by itself.
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { open } from 'wgctrl'

const [backend, name, fakeDirectory] = process.argv.slice(2)
const wg = await open({ backends: [backend], ...(fakeDirectory && { socketDir: fakeDirectory }) })
const before = await wg.device(name)
await wg.close()

// A new client: it has no socket yet.
const next = await open({ backends: [backend], ...(fakeDirectory && { socketDir: fakeDirectory }) })
const taken = []
const takeAll = () => {
  try {
    for (;;) taken.push(openSync('/dev/null'))
  } catch (error) {
    assert.equal(error.code, 'EMFILE')
  }
}
takeAll()
const codes = []
const first = async () => {
  for await (const peer of next.peers(name)) return peer
}
for (const call of [() => next.device(name), first, () => next.configure(name, { peers: [] })]) {
  await call().then(
    () => codes.push('it worked'),
    (error) => codes.push([error.code, error.operation, error.device].join(' ')),
  )
  takeAll()
}
for (const fd of taken) closeSync(fd)
const after = await next.device(name)
assert.equal(after.publicKey, before.publicKey)
await next.configure(name, { listenPort: 0 })
await next.close()
console.log(JSON.stringify(codes))
