// Stands for a userspace daemon: asks the harness to serve the device, then exits as daemons do that go
// to the background. Usage: launcher.mjs <socket of the harness> <device>
import { rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'

const [path, device] = process.argv.slice(2)
// wireguard-go, too, takes the place of a socket that nobody listens on.
rmSync(join(dirname(path), `${device}.sock`), { force: true })
const socket = createConnection(path)
let answer = ''
socket.setEncoding('utf8')
socket.on('data', (text) => {
  answer += text
})
socket.on('end', () => {
  if (answer !== '0') console.error(answer)
  process.exitCode = answer === '0' ? 0 : 1
})
socket.write(device)
