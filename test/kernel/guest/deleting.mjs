// Deletes a device that this process holds by a stream nobody reads on, in the way that is named, and ends.
// What is opened is left to the end of the process:
//   node deleting.mjs WAY DEVICE
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { KernelBackend, Rtnl } from '@wgctrl/netlink'
import { open } from 'wgctrl'

const [way = '', name = ''] = process.argv.slice(2)
const ip = (...args) => execFileSync('ip', args, { stdio: 'inherit' })
const kernel = new KernelBackend()

/** Each resolves when the device is gone. */
const ways = {
  async down() {
    await held()
    const wg = await open({ backends: ['linux-kernel'] })
    await wg.down(name)
  },
  async renamed() {
    await held()
    const rtnl = await Rtnl.open()
    await rtnl.changeLink(name, { name: `${name}x` })
    await kernel.delete(`${name}x`)
  },
  async altname() {
    await held()
    ip('link', 'property', 'add', 'dev', name, 'altname', `${name}alt`)
    await kernel.delete(`${name}alt`)
  },
  async moved() {
    await held()
    const netns = `${name}ns`
    ip('netns', 'add', netns)
    ip('link', 'set', name, 'netns', netns)
    const there = new KernelBackend({ netns })
    await there.delete(name)
    ip('netns', 'delete', netns)
  },
  async rtnl() {
    await held()
    const rtnl = await Rtnl.open()
    await rtnl.deleteLink(name)
  },
  async commonjs() {
    await held()
    const copy = createRequire(import.meta.url)('@wgctrl/netlink')
    await new copy.KernelBackend().delete(name)
  },
  async worker() {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData.module).then(async ({ KernelBackend }) => {
        globalThis.stream = new KernelBackend().peers(workerData.name)
        await stream.next()
        parentPort.postMessage('held')
        setInterval(() => {}, 1000)
      })`
    const module = import.meta.resolve('@wgctrl/netlink')
    const worker = new Worker(source, { eval: true, workerData: { module, name } })
    await new Promise((resolve) => worker.once('message', resolve))
    await kernel.delete(name)
    await worker.terminate()
  },
  /** Another program's deletion: it does not wait for our consumer. */
  async other() {
    const stream = await held()
    const deletion = import('node:child_process').then(
      ({ spawn }) =>
        new Promise((resolve) => spawn('ip', ['link', 'delete', name]).once('exit', resolve)),
    )
    if ((await deletion) !== 0) throw new Error('ip link delete failed')
    await refused(stream, 'ENODEV')
  },
  async closed() {
    const stream = await held()
    await kernel[Symbol.asyncDispose]()
    ip('link', 'delete', name)
    await refused(stream, 'ECLOSED')
  },
  async dropped() {
    const before = sockets()
    await kernel.peers(name).next()
    for (let i = 0; i < 20 && sockets() > before; i++) {
      globalThis.gc()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    if (sockets() > before) throw new Error('the dump is still open')
    ip('link', 'delete', name)
  },
  /** Reads that need threads of the pool, beside as many deletions as would take all four of it. */
  async pool() {
    const names = Array.from({ length: 5 }, (_, index) => `${name}p${index}`)
    const { peers } = await kernel.device(name)
    const config = { peers: peers.map(({ publicKey }) => ({ publicKey })) }
    for (const each of names) {
      await kernel.create(each)
      await kernel.configure(each, config)
    }
    const readings = names.map(async (each) => {
      for (;;) await kernel.device(each)
    })
    const gone = Promise.allSettled(readings)
    await new Promise((resolve) => setTimeout(resolve, 500))
    // Not by the backend, which would wait for the reads.
    const rtnl = await Rtnl.open()
    await Promise.all(names.map((each) => rtnl.deleteLink(each)))
    await gone
    await kernel.delete(name)
  },
}

const streams = []
async function held() {
  const stream = kernel.peers(name)
  streams.push(stream)
  await stream.next()
  return stream
}

async function refused(stream, code) {
  try {
    for await (const _ of stream);
  } catch (error) {
    if (error.code === code) return
    throw error
  }
  throw new Error('the stream did not tell')
}

function sockets() {
  return execFileSync('ls', ['-l', `/proc/${process.pid}/fd`], { encoding: 'utf8' }).split(
    'socket:',
  ).length
}

await ways[way]()
process.exit()
