import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkGatewayConfig, Gateway, type GatewayEvent } from '@wgctrl/gateway'
import { vi } from 'vitest'
import { eventually } from '../events/hearing.js'
import { type Client, PORT, type Stage } from '../events/stage.js'

export interface Gate {
  readonly gateway: Gateway
  readonly events: GatewayEvent[]
  /** Of events of one type, in order. */
  keysOf(type: GatewayEvent['type']): string[]
}

/** A folder with the interface's file, and one for clients. */
export async function gateFolder(stage: Stage): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgctrl-gateway-'))
  const lines = [
    '[Interface]',
    `PrivateKey = ${stage.privateKey.toBase64()}`,
    `ListenPort = ${PORT}`,
    'Address = 10.8.255.1/16',
  ]
  await writeFile(join(folder, `${stage.device}.conf`), lines.join('\n'), { mode: 0o600 })
  return folder
}

/** Starts a gateway on the device of a stage. */
export async function openGate(
  stage: Stage,
  folder: string,
  config: Record<string, unknown>,
): Promise<Gate> {
  const events: GatewayEvent[] = []
  const whole = { interface: { file: `${stage.device}.conf` }, ...config }
  const gateway = new Gateway(checkGatewayConfig(whole, join(folder, 'gateway.json')), {
    onEvent: (event) => void events.push(event),
  })
  await gateway.start()
  const keysOf = (type: GatewayEvent['type']): string[] =>
    events.flatMap((event) =>
      event.type === type && 'publicKey' in event ? [`${event.publicKey}`] : [],
    )
  return { gateway, events, keysOf }
}

/** A client as a file has it. */
export function blockOf(client: Client, allowedIPs = `${client.address}/32`): string {
  return `[Peer]\n# Name = client${client.index}\nPublicKey = ${client.publicKey}\nAllowedIPs = ${allowedIPs}\n`
}

/** Puts a file in its place as a whole. */
export async function place(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

/** Waits until a client is answered. */
export async function answered(client: Client): Promise<void> {
  await vi.waitFor(async () => {
    if ((await client.ping(1)) === undefined) throw new Error(`client${client.index}: no answer`)
  }, eventually)
}
