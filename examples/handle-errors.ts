// Tells failures apart by their code, which is the same on every backend.
import { generatePrivateKey, open, publicKey, WireGuardError } from 'wgctrl'

const wg = await open()
const key = publicKey(generatePrivateKey())

const attempts = {
  'a device that is not there': () => wg.device('wg-nowhere'),
  'a network that is none': () =>
    wg.configure('wg-nowhere', { peers: [{ publicKey: key, allowedIPs: ['10.0.0.0/33'] }] }),
  'a port out of range': () => wg.configure('wg-nowhere', { listenPort: 65536 }),
  'a call that was aborted': () => wg.device('wg-nowhere', { signal: AbortSignal.abort() }),
}

for (const [what, attempt] of Object.entries(attempts)) {
  try {
    await attempt()
  } catch (error) {
    if (error instanceof WireGuardError) console.log(what, '->', error.code, error.path ?? '')
    else console.log(what, '->', (error as Error).name)
  }
}

await wg.close()
