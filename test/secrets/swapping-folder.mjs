// As the owner of a folder, lets `wg0.sock` stand in turn for a plain file and for a socket that takes whatever it is told:
// swapping-folder.mjs <folder>; says what it was told to its parent.
import { linkSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

process.chdir(process.argv[2])
writeFileSync('plain', '')
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', (told) => {
    process.send(told.toString())
    socket.end('errno=0\n\n')
  })
})
server.listen('own', async () => {
  for (let round = 0; ; round++) {
    for (const entry of ['own', 'plain']) {
      linkSync(entry, 'next')
      renameSync('next', 'wg0.sock')
    }
    if (round === 0) process.send('ready')
    if (round % 8 === 0) await nextTurn()
  }
})
