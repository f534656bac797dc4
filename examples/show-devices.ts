// Shows every WireGuard device of this machine, and why one could not be read.
import { open } from 'wgctrl'

const wg = await open()
for (const backend of wg.backends) {
  console.log(backend.kind, backend.available ? 'is available' : backend.reason.message)
}

await wg.create('wg-show')
const devices = await wg.devices()
for (const device of devices) {
  console.log(device.name, device.kind, `${device.peers.length} peers`)
  console.log(JSON.stringify(device, null, 2)) // keys show as (hidden)
}
for (const error of devices.errors) console.warn(error.device, error.code, error.message)

await wg.delete('wg-show')
await wg.close()
