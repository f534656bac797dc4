// `serve`: tells everybody who sends a datagram to port 7000 from which address it came.
// `ask <address> <milliseconds>`: prints what it is told, or `nothing` when that takes longer.
import { createSocket } from 'node:dgram'

const [mode, address, patience] = process.argv.slice(2)
const socket = createSocket({ type: 'udp6', ipv6Only: false })
const isIPv4 = address !== undefined && !address.includes(':')

if (mode === 'serve') {
  socket.on('message', (_, { address: from, port }) => socket.send(from, port, from))
  socket.bind(7000, () => console.log('ready'))
} else {
  const send = () => socket.send('?', 7000, isIPv4 ? `::ffff:${address}` : address, () => {})
  const again = setInterval(send, 100)
  const end = setTimeout(() => finish('nothing'), Number(patience))
  const finish = (answer) => {
    clearInterval(again)
    clearTimeout(end)
    console.log(answer.replace('::ffff:', ''))
    socket.close()
  }
  socket.once('message', (text) => finish(String(text)))
  socket.bind(0, send)
}
