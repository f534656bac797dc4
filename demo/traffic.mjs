// Sends or receives over TCP inside the network namespace that it was started in:
//   node traffic.mjs receive ADDRESS PORT
//   node traffic.mjs send ADDRESS PORT BYTES
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'

const [role, host = '', port = '', bytes = '0'] = process.argv.slice(2)
if (role === 'receive') await receive()
else await send()

async function receive() {
  const server = createServer({ allowHalfOpen: true })
  server.listen(Number(port), host)
  await once(server, 'listening')
  console.log('listening')
  const [socket] = await once(server, 'connection')
  let count = 0
  socket.on('data', (chunk) => {
    count += chunk.length
  })
  await once(socket, 'end')
  socket.end(String(count))
  server.close()
}

async function send() {
  const socket = createConnection(Number(port), host)
  socket.end(Buffer.alloc(Number(bytes), 0x77))
  let answer = ''
  for await (const chunk of socket) answer += chunk
  if (answer !== bytes) throw new Error(`sent ${bytes} bytes, ${answer} arrived`)
  console.log(`${answer} bytes arrived`)
}
