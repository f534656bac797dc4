// Uses netlink in worker threads that come and go: node threads.mjs. Ends by itself.
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Rtnl } from '@wgctrl/netlink'

if (isMainThread) await startThreads()
else await listLinks()

async function startThreads() {
  const kinds = ['ends', 'ends', 'is terminated', 'leaves a socket open']
  for (let round = 0; round < 5; round++) await Promise.all(kinds.map(runThread))
  const links = await usingRtnl()
  console.log(`${links} link, and so in threads`)
}

/** Resolves when the thread has gone. */
function runThread(kind) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: kind })
    worker.on('message', () => void (kind === 'is terminated' && worker.terminate()))
    worker.on('error', reject)
    worker.on('exit', resolve)
  })
}

async function listLinks() {
  if (workerData === 'leaves a socket open') await (await Rtnl.open()).links()
  else parentPort.postMessage(await usingRtnl())
  if (workerData === 'is terminated') setInterval(() => {}, 1000)
}

async function usingRtnl() {
  const rtnl = await Rtnl.open()
  const links = await rtnl.links()
  await rtnl.close()
  return links.length
}
