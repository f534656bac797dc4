// Stands for a userspace implementation: daemon.fixture.mjs <behaviour> <directory> … <name>
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const [behaviour, directory, ...args] = process.argv.slice(2)
const path = join(directory, `${args.at(-1)}.sock`)
writeFileSync(join(directory, `${behaviour}.args`), JSON.stringify(args))
writeFileSync(join(directory, `${behaviour}.pid`), String(process.pid))

/** @param {(socket: import('node:net').Socket) => void} handle */
const listen = (handle) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    handle(socket)
  })
  server.listen(path)
}

/** @param {import('node:net').Socket} socket */
const answer = (socket) => {
  socket.on('data', () => socket.write('errno=0\n\n'))
}

const waitForever = () => setInterval(() => {}, 1000)

/** @param {string} next */
const goToBackgroundAs = (next) => {
  const argv = [process.argv[1] ?? '', next, directory ?? '', ...args]
  spawn(process.execPath, argv, { stdio: 'ignore' }).unref()
}

const behaviours = {
  stay: () => listen(answer),
  background: () => goToBackgroundAs('stay'),
  slow: () => setTimeout(() => listen(answer), 300),
  die: () => {
    console.error('no such luck')
    process.exit(3)
  },
  dieOnStdout: () => {
    console.log('operation not permitted')
    process.exit(1)
  },
  dieSilently: () => process.kill(process.pid, 'SIGSEGV'),
  dieLater: () => {
    listen((socket) => socket.destroy())
    setTimeout(() => {
      console.error('it was too much')
      process.kill(process.pid, 'SIGKILL')
    }, 200)
  },
  never: () => {
    console.error('waiting for a sign')
    waitForever()
  },
  stubborn: () => {
    process.on('SIGTERM', () => {})
    waitForever()
  },
  backgroundNever: () => goToBackgroundAs('never'),
  mute: () => listen(() => {}),
}

const behave = behaviours[behaviour ?? '']
behave()
