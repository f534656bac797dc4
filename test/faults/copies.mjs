// Uses both builds of the library in one process, the ES module and the CommonJS one, as a program does whose
// dependencies are of either kind: node copies.mjs DEVICE. Prints JSON: what became of each use.
import { createRequire } from 'node:module'
import * as esm from 'wgctrl'

const cjs = createRequire(import.meta.url)('wgctrl')
const [name = ''] = process.argv.slice(2)
const text = `[Interface]\nPrivateKey = ${Buffer.alloc(32, 1).toString('base64')}\n`
const key = (index) => Buffer.alloc(32, `${index} of many peers `).toString('base64')
const userspace = { backends: ['userspace'] }
const results = {}

for (const [made, used, what] of [
  [esm, cjs, 'ES in CommonJS'],
  [cjs, esm, 'CommonJS in ES'],
]) {
  const [wg, other] = [await used.open(userspace), await made.open(userspace)]
  const privateKey = made.generatePrivateKey()
  const presharedKey = made.generatePresharedKey()
  await wg.configure(name, { privateKey, peers: [{ publicKey: key('a'), presharedKey }] })
  const device = await wg.device(name)
  const file = made.parseConfig(text)
  results[what] = {
    apart: made.SecretKey !== used.SecretKey && made.WireGuardError !== used.WireGuardError,
    keys:
      device.publicKey === made.publicKey(privateKey) &&
      used.publicKey(privateKey) === made.publicKey(privateKey),
    preshared: device.peers[0]?.presharedKey?.equals(presharedKey),
    differences: (
      await wg.sync(
        name,
        { privateKey, peers: [{ publicKey: key('a'), presharedKey }] },
        { dryRun: true },
      )
    ).length,
    reading: used.diffDevice(device, { privateKey }).changes.length,
    file: used.toDeviceConfig(file).privateKey instanceof made.SecretKey,
    text: used.formatConfig(file) === text,
    error: await wg.device('wgnowhere').catch((error) => error instanceof made.WireGuardError),
    abort: await wg
      .device(name, { signal: AbortSignal.abort() })
      .catch((error) => error instanceof made.AbortError),
    mistake: await wg
      .configure(name, { listenPort: 70_000 })
      .catch((error) => error instanceof made.InvalidRangeError),
    shown: used.showConfig(await other.device(name)).includes('PresharedKey'),
  }
  await wg.close()
  await other.close()
}

// One line for a device, whoever's client it is: a change by one copy does not come to pass within a turn of the other's.
{
  const [one, other] = [await esm.open(userspace), await cjs.open(userspace)]
  const two = { peers: [{ publicKey: key('a') }, { publicKey: key('b') }] }
  const outcomes = []
  for (let round = 0; round < 10; round++) {
    await Promise.all([one.sync(name, two), other.sync(name, { peers: [{ publicKey: key('a') }] })])
    outcomes.push((await one.device(name)).peers.length)
  }
  results.turns = [...new Set(outcomes)]
  // Nor does a stream that nobody takes from hold up the other copy.
  const peers = Array.from({ length: 20_000 }, (_, index) => ({ publicKey: key(index) }))
  await one.configure(name, { replacePeers: true, peers })
  for (const [reader, writer, what] of [
    [one, other, 'ES'],
    [other, one, 'CommonJS'],
  ]) {
    const stream = reader.peers(name)
    await stream.next()
    results[`beside a stream of ${what}`] = await writer.configure(name, { firewallMark: 7 }).then(
      () => 'done',
      ({ code }) => code,
    )
    await stream.return()
  }
  await one.close()
  await other.close()
}
console.log(JSON.stringify(results))
