// Tests a program that brings interfaces up, without rights and on any system: a machine in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  generatePrivateKey,
  type InterfaceConfig,
  open,
  publicKey,
  StepError,
  type WireGuard,
} from 'wgctrl'
import { MemoryMachine } from 'wgctrl/testing'

/** The program under test: a server for these clients, whatever is there. */
async function serve(wg: WireGuard, clients: readonly string[]): Promise<string> {
  const config: InterfaceConfig = {
    name: 'wg0',
    privateKey: serverKey,
    listenPort: 51820,
    addresses: ['10.8.0.1/24'],
    nat: { to: 'eth0' },
    peers: clients.map((client, at) => ({
      publicKey: client,
      allowedIPs: [`10.8.0.${at + 2}/32`],
    })),
  }
  const { action } = await wg.ensure(config)
  return action
}

const serverKey = generatePrivateKey()
const [alice, bob] = [publicKey(generatePrivateKey()), publicKey(generatePrivateKey())]

async function machineWithUplink() {
  const machine = new MemoryMachine()
  await machine.addLink({ name: 'eth0', addresses: ['192.0.2.2/24'], gateways: ['192.0.2.1'] })
  return { machine, wg: await open({ backends: [machine] }) }
}

test('a client that comes is added, and nothing is done twice', async () => {
  const { machine, wg } = await machineWithUplink()
  assert.equal(await serve(wg, [alice]), 'up')
  assert.equal(await serve(wg, [alice, bob]), 'reconcile')
  assert.equal(await serve(wg, [alice, bob]), 'none')
  const { addresses, firewall, settings } = await machine.state()
  assert.deepEqual(addresses['wg0'], ['10.8.0.1/24'])
  assert.match(firewall, /ip saddr 10\.8\.0\.0\/24 oifname "eth0" masquerade/)
  assert.equal(settings['net/ipv4/ip_forward'], '1')
  await wg.down('wg0')
})

test('a failure leaves nothing', async () => {
  const { machine, wg } = await machineWithUplink()
  const before = await machine.state()
  machine.hasNfTables = false
  await assert.rejects(serve(wg, [alice]), { code: 'EUNSUPPORTED', feature: 'nat' })
  machine.hasNfTables = true
  machine.fail('configure', new Error('not today'))
  await assert.rejects(serve(wg, [alice]), StepError)
  assert.deepEqual(await machine.state(), before)
})
