import { generatePresharedKey, generatePrivateKey, open, publicKey } from 'wgctrl'
import { compareWithWg } from './facts.mjs'
import { connectNamespaces, run, sendThrough } from './network.mjs'
import { step, table } from './say.mjs'

const megabytes = 4

/** `inside`: the address in the tunnel; `outside`: the one that packets of the tunnel travel to. */
const left = { name: 'wg-left', namespace: 'left', inside: '10.77.0.1', outside: '10.66.0.1' }
const right = { name: 'wg-right', namespace: 'right', inside: '10.77.0.2', outside: '10.66.0.2' }

/**
 * Two real devices in two network namespaces, made, keyed and peered through the API alone.
 *
 * @param {import('wgctrl').DeviceKind} leftKind what makes the left one; the right one is wireguard-go's
 */
export async function demonstrateTunnel(leftKind) {
  step('Two network namespaces, left and right, with a cable between them')
  connectNamespaces(left, right)

  await makeDevices({ left: leftKind, right: 'userspace' })
  try {
    await useTunnel()
    await showDevices()
  } finally {
    step('Removing both devices')
    for (const end of [left, right]) await within(end, (wg) => wg.delete(end.name))
  }
}

/**
 * A kernel device belongs to a network namespace, and is seen from there.
 *
 * @param {{ namespace: string }} end
 * @param {(wg: import('wgctrl').WireGuard) => Promise<void>} body
 */
async function within({ namespace }, body) {
  const wg = await open({ netns: namespace })
  try {
    await body(wg)
  } finally {
    await wg.close()
  }
}

/** @param {Record<'left' | 'right', import('wgctrl').DeviceKind>} kinds */
async function makeDevices(kinds) {
  step('A device in each: wg.create(), then keys and peers: wg.configure()')
  const keys = { left: generatePrivateKey(), right: generatePrivateKey() }
  const presharedKey = generatePresharedKey()
  const ends = [
    { here: left, kind: kinds.left, privateKey: keys.left, there: right, theirs: keys.right },
    { here: right, kind: kinds.right, privateKey: keys.right, there: left, theirs: keys.left },
  ]
  for (const { here, kind, privateKey, there, theirs } of ends) {
    await within(here, async (wg) => {
      await wg.create(here.name, { netns: here.namespace, backend: kind })
      await wg.configure(here.name, {
        privateKey,
        listenPort: 51820,
        peers: [
          {
            publicKey: publicKey(theirs),
            presharedKey,
            endpoint: `${there.outside}:51820`,
            allowedIPs: [`${there.inside}/32`],
          },
        ],
      })
    })
    run(`ip -n ${here.namespace} address add ${here.inside}/24 dev ${here.name}`)
    run(`ip -n ${here.namespace} link set ${here.name} up`)
    console.log(`   ${here.name} in namespace ${here.namespace}, ${kind}`)
  }
}

async function useTunnel() {
  step(`A ping and ${megabytes} MB through the tunnel`)
  const ping = run(`ip netns exec ${left.namespace} ping -c 3 -i 0.2 -W 60 ${right.inside}`)
  console.log(ping.trim().replace(/^/gm, '   '))
  const sent = await sendThrough(left.namespace, right, megabytes * 2 ** 20)
  console.log(`   TCP from left to right: ${sent.trim()}`)
}

async function showDevices() {
  for (const end of [left, right]) {
    step(`${end.name} as the API sees it, and as wg(8) does`)
    await within(end, (wg) => showDevice(wg, end))
  }
}

/**
 * @param {import('wgctrl').WireGuard} wg
 * @param {{ name: string, namespace: string }} end
 */
async function showDevice(wg, { name, namespace }) {
  const { rows, peer } = await compareWithWg(wg, name, namespace)
  table(['', 'wgctrl', 'wg show'], rows)
  if (!peer.lastHandshake) throw new Error(`${name}: no handshake`)
  if (peer.receivedBytes === 0 || peer.transmittedBytes === 0) {
    throw new Error(`${name}: no transfer in both directions`)
  }
}
