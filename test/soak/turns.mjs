// Makes calls on interfaces when it is told to, beside others who do: node turns.mjs BACKEND. Takes rounds, each a
// list of calls, and sends what became of them with their times, which processes of one machine can compare.
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'wgctrl'

const [backend] = process.argv.slice(2)
const wg = await open({ backends: [backend] })
const other = await open({ backends: [backend] })

const deviceOf = (peers) => ({ peers: peers.map((publicKey) => ({ publicKey })) })
const interfaceOf = (peers) => ({ addresses: ['10.77.0.1/32'], ...deviceOf(peers) })

const calls = {
  up: (client, { name, peers }) => client.up({ name, ...interfaceOf(peers) }),
  down: (client, { name }) => client.down(name),
  sync: (client, { name, peers }) => client.sync(name, deviceOf(peers)),
  reconcile: (client, { name, peers }) => client.reconcile(name, interfaceOf(peers)),
  configure: (client, { name, peers }) => client.configure(name, deviceOf(peers)),
}

/** Nanoseconds of the machine's clock. */
const now = () => Number(process.hrtime.bigint())

async function make(call, index) {
  await sleep(call.delay)
  const start = now()
  let error
  try {
    await calls[call.kind](index % 2 ? wg : other, call)
  } catch (failure) {
    error = { code: failure.code ?? failure.name, message: failure.message }
  }
  return { ...call, start, end: now(), ...(error && { error }) }
}

process.on('message', async (round) => {
  if (round === 'end') {
    await wg.close()
    await other.close()
    process.disconnect()
  } else process.send(await Promise.all(round.map(make)))
})
process.send('ready')
