// Makes a device at each moment that it is told, and tells what came of it: maker.mjs <daemon as JSON>
import { parentPort, workerData } from 'node:worker_threads'
import { UserspaceBackend } from '@wgctrl/uapi'

const daemon = JSON.parse(workerData ?? process.argv[2])
const wg = new UserspaceBackend(daemon ? { daemon } : {})
const tell = (message) => (parentPort ? parentPort.postMessage(message) : process.send?.(message))

async function make({ name, at }) {
  while (Date.now() < at - 20) await new Promise((resolve) => setTimeout(resolve, 5))
  while (Date.now() < at);
  tell(
    await wg.create(name).then(
      () => 'made',
      ({ code, message }) => (code === 'EEXIST' ? code : message),
    ),
  )
}

if (parentPort) parentPort.on('message', make)
else process.on('message', make)
tell('ready')
