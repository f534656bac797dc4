// As the owner of a folder, lets `wg0.sock` stand in turn for a plain file and for a socket that takes whatever it is told:
// swapping-folder.mjs <folder> <user>; says what it was told to its parent. It becomes that user once it is there: the way to the
// folder may be closed to others.
import { linkSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

const [folder, user] = process.argv.slice(2)
process.chdir(folder)
process.setgroups([])
process.setgid(Number(user))
process.setuid(Number(user))
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
