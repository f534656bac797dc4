// Watches devices and sends what becomes of them: node watch-listener.mjs BACKEND. Ends when its parent says so.
import { open } from 'wgctrl'

const wg = await open({ backends: [process.argv[2]] })
const watcher = wg.watch(undefined, { interval: 500, initial: true })
process.once('message', () => watcher.return())
for await (const { type, device } of watcher) {
  if (type.startsWith('device-')) process.send({ type, device })
}
await wg.close()
process.disconnect()
