// Sends forged initiations to an address at a pace: flood.mjs ADDRESS PORT PER_SECOND SECONDS HEX...
// The messages, in hex, are sent in turn.
import { createSocket } from 'node:dgram'

const [address, port, perSecond, duration, ...bodies] = process.argv.slice(2)
const seconds = Number(duration)
const socket = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
const messages = bodies.map((hex) => Buffer.from(hex, 'hex'))
const start = performance.now()
let sent = 0
let failed = 0
const timer = setInterval(() => {
  const elapsed = Math.min((performance.now() - start) / 1000, seconds)
  // Also what is due since the last turn, which may have been a while ago.
  for (const due = elapsed * perSecond; sent < due; sent++) {
    socket.send(messages[sent % messages.length], Number(port), address, (error) => {
      if (error) failed++
    })
  }
  if (elapsed < seconds) return
  clearInterval(timer)
  // Each is handed over in a turn of its own.
  setImmediate(() => {
    socket.close()
    console.log(JSON.stringify({ sent, failed, seconds: (performance.now() - start) / 1000 }))
  })
}, 2)
