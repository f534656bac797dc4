// Uses netlink in worker threads that come and go: node threads.mjs. Ends by itself.
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Rtnl } from '@wgctrl/netlink'

if (isMainThread) await startThreads()
else await listLinks()

async function startThreads() {
  const kinds = ['ends', 'ends', 'is terminated', 'leaves a socket open']
  const counts = []
  for (let round = 0; round < 5; round++) counts.push(...(await Promise.all(kinds.map(runThread))))
  const rtnl = await Rtnl.open()
  console.log(JSON.stringify({ main: (await rtnl.links()).length, threads: counts }))
  await rtnl.close()
}

/** How many links the thread saw, once it has gone. */
function runThread(kind) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: kind })
    let seen
    worker.on('message', (links) => {
      seen = links
      if (kind === 'is terminated') worker.terminate()
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve(seen))
  })
}

async function listLinks() {
  const rtnl = await Rtnl.open()
  const links = await rtnl.links()
  if (workerData !== 'leaves a socket open') await rtnl.close()
  if (workerData === 'is terminated') setInterval(() => {}, 1000)
  parentPort.postMessage(links.length)
}
