import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const traffic = fileURLToPath(new URL('traffic.mjs', import.meta.url))

/** @param {string} command a program and its arguments, parted by single spaces */
export function run(command) {
  const [program = '', ...args] = command.split(' ')
  return execFileSync(program, args, { encoding: 'utf8' })
}

/**
 * Two network namespaces with a cable between them, and nothing else.
 *
 * @param {{ namespace: string, outside: string }} left `outside`: its address on the cable
 * @param {{ namespace: string, outside: string }} right
 */
export function connectNamespaces(left, right) {
  for (const { namespace } of [left, right]) run(`ip netns add ${namespace}`)
  run(`ip link add cable netns ${left.namespace} type veth peer cable netns ${right.namespace}`)
  for (const { namespace, outside } of [left, right]) {
    run(`ip -n ${namespace} address add ${outside}/30 dev cable`)
    run(`ip -n ${namespace} link set cable up`)
    run(`ip -n ${namespace} link set lo up`)
  }
}

/**
 * Sends some bytes over TCP from one namespace to an address in the other; fails when not all arrive.
 *
 * @param {string} from
 * @param {{ namespace: string, inside: string }} to
 * @param {number} bytes
 */
export async function sendThrough(from, to, bytes) {
  const node = ['ip', 'netns', 'exec', to.namespace, process.execPath, traffic]
  const [program = '', ...args] = [...node, 'receive', to.inside, '7000']
  const receiver = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(receiver.stdout, 'data')
    return run(
      `ip netns exec ${from} ${process.execPath} ${traffic} send ${to.inside} 7000 ${bytes}`,
    )
  } finally {
    receiver.kill()
  }
}
