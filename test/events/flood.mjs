// Sends forged initiations to an address at a pace: flood.mjs ADDRESS PORT PER_SECOND SECONDS HEX...
// The messages, in hex, are sent in turn.
import { createSocket } from 'node:dgram'

const [address, port, perSecond, seconds, ...bodies] = process.argv.slice(2)
const socket = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
const messages = bodies.map((hex) => Buffer.from(hex, 'hex'))
const start = performance.now()
let sent = 0
let failed = 0
const timer = setInterval(() => {
  const elapsed = performance.now() - start
  if (elapsed > seconds * 1000) {
    clearInterval(timer)
    socket.close()
    console.log(JSON.stringify({ sent, failed, seconds: elapsed / 1000 }))
    return
  }
  for (const due = (elapsed * perSecond) / 1000; sent < due; sent++) {
    socket.send(messages[sent % messages.length], Number(port), address, (error) => {
      if (error) failed++
    })
  }
}, 2)
