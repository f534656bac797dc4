// The clients of a storm, in a process of their own: clients.mjs GATEWAY PORT COUNT MILLISECONDS [answer]. Prints the
// initiations, sends them at an even pace when it reads a line, answers those of the gateway if it shall, and tries again
// as devices do.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { StormClient } from './client.mjs'
import { sealInitiation } from './parts.mjs'

/** Milliseconds. @source WireGuard paper, section 6.1: REKEY-TIMEOUT */
const RETRY = 5000

const [gateway = '', port, count, duration, answering] = process.argv.slice(2)
const clients = []
for (let at = 0; at < Number(count); at++) clients.push(await opened(at))
const told = clients.map(({ client, initiation }) => ({
  publicKey: client.publicKey.toString('base64'),
  initiation: initiation.toString('base64'),
}))
process.stdout.write(`${JSON.stringify(told)}\n`)

const lines = createInterface({ input: process.stdin })
await once(lines, 'line')
const start = performance.now()
const began = process.hrtime.bigint()
let sent = 0
const sending = setInterval(() => {
  const due = Math.min(1, (performance.now() - start) / Number(duration)) * clients.length
  for (; sent < due; sent++) send(clients[sent], clients[sent].initiation)
  if (sent < clients.length) return
  clearInterval(sending)
  process.stdout.write(
    `${JSON.stringify({ began: `${began}`, ended: `${process.hrtime.bigint()}` })}\n`,
  )
}, 1)
const retrying = setInterval(() => {
  for (const one of clients) {
    if (one.isAnswered || !(performance.now() - one.sentAt > RETRY)) continue
    send(one, sealInitiation(one.client.privateKey, gateway))
  }
}, 100)
lines.on('close', () => {
  clearInterval(sending)
  clearInterval(retrying)
  for (const { socket } of clients) socket.close()
})

/** Each has an address of its own: the gateway rations what comes from one. */
async function opened(at) {
  const client = new StormClient(Buffer.from(gateway, 'base64'))
  const socket = createSocket('udp4').bind(0, `127.1.${at >> 8}.${at & 255}`)
  await once(socket, 'listening')
  const initiation = sealInitiation(client.privateKey, gateway)
  const one = { client, socket, initiation, sentAt: Number.NaN, isAnswered: false }
  socket.on('message', (message) => {
    one.isAnswered = true
    const answer = answering ? client.answer(message) : undefined
    if (answer) socket.send(answer, Number(port), '127.0.0.1')
  })
  return one
}

function send(one, message) {
  one.sentAt = performance.now()
  one.socket.send(message, Number(port), '127.0.0.1')
}
