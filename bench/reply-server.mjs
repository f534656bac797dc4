// Serves one device with many peers over UAPI, from a process of its own, so that its memory does not
// count: node reply-server.mjs SOCKET PEERS. Prints `listening`; ends with its standard input.
import { createServer } from 'node:net'

const [path, count = '0'] = process.argv.slice(2)
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy())
  socket.once('data', () => sendReply(socket))
})
server.listen(path, () => console.log('listening'))
process.stdin.on('end', () => process.exit()).resume()

/** @param {import('node:net').Socket} socket */
async function sendReply(socket) {
  for (let index = 0; index < Number(count); index++) {
    if (!socket.write(peerLines(index)))
      await new Promise((resolve) => socket.once('drain', resolve))
    if (socket.destroyed) return
  }
  socket.end('errno=0\n\n')
}

/** @param {number} index */
function peerLines(index) {
  const number = index.toString(16).padStart(8, '0')
  const [high, middle, low] = [index >> 16, (index >> 8) & 255, index & 255]
  return `public_key=${number.repeat(8)}
preshared_key=${'ab'.repeat(32)}
protocol_version=1
endpoint=127.0.0.1:51820
last_handshake_time_sec=1700000000
last_handshake_time_nsec=123456789
tx_bytes=${index}
rx_bytes=${index}
persistent_keepalive_interval=25
allowed_ip=10.${high}.${middle}.${low}/32
allowed_ip=fd00::${number.slice(0, 4)}:${number.slice(4)}/128
`
}
