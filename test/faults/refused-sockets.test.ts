import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { UserspaceBackend } from 'wgctrl'
import { failure } from '../contract/bench.js'
import { uniqueName } from '../contract/harness.js'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { daemonOf } from '../contract/harnesses/wireguard-go.js'
import { freePort } from '../contract/ports.js'
import { keyPair } from '../contract/samples.js'

const wg = new UserspaceBackend()

beforeAll(isolate)

async function newDevice(): Promise<{ name: string; pid: number; listenPort: number }> {
  const name = uniqueName()
  await wg.create(name)
  onTestFinished(() => wg.delete(name))
  await ip('link', 'set', name, 'up')
  const listenPort = await freePort()
  const { privateKey } = keyPair(1)
  await wg.configure(name, { privateKey, listenPort, firewallMark: 5 })
  return { name, pid: (await daemonOf(name)) as number, listenPort }
}

/** Has a system call fail in all threads of a process, until it is disposed of. */
async function failing(pid: number, call: string, error: string): Promise<AsyncDisposable> {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}`]
  const args = ['-f', '-p', `${pid}`, ...inject, '-o', '/dev/null']
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(tracer, 'exit')
  const words = tracer.stderr.iterator({ destroyOnReturn: false })
  for await (const text of words) if (`${text}`.includes('attached')) break
  tracer.stderr.resume()
  return {
    async [Symbol.asyncDispose]() {
      tracer.kill()
      await ended
    },
  }
}

it('a mark that wireguard-go may not set is EPERM, and it keeps the one that it had', async () => {
  const { name, pid, listenPort } = await newDevice()
  await using _ = await failing(pid, 'setsockopt', 'EPERM')
  const error = await failure(wg.configure(name, { firewallMark: 9 }))
  expect(error).toMatchObject({ code: 'EPERM', operation: 'configure', device: name })
  expect(await wg.device(name)).toMatchObject({ firewallMark: 5, listenPort })
})

it('a wireguard-go that can open no socket has lost its port, and is given it once it can', async () => {
  const { name, pid, listenPort } = await newDevice()
  {
    await using _ = await failing(pid, 'socket', 'EMFILE')
    const error = await failure(wg.configure(name, { listenPort: await freePort() }))
    expect(error).toMatchObject({ code: 'EADDRINUSE', lostPort: listenPort, device: name })
    expect(await wg.device(name)).toMatchObject({ listenPort: 0 })
    const again = await failure(wg.configure(name, { listenPort }))
    expect(again).toMatchObject({ code: 'EADDRINUSE' })
  }
  await wg.configure(name, { listenPort })
  expect(await wg.device(name)).toMatchObject({ listenPort })
})
