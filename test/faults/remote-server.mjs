// Serves a device in memory: node remote-server.mjs PATH.
import { open, serve } from 'wgctrl'
import { MemoryBackend } from 'wgctrl/testing'

const wg = await open({ backends: [new MemoryBackend('userspace')] })
await wg.create('wg0')
await serve(wg, process.argv[2])
process.send('serving')
