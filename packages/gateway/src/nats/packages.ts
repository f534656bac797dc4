import { unsupported } from '@wgctrl/types'

/** What is used of NATS: packages that only those install who have it. */
export interface NatsPackages {
  readonly transport: typeof import('@nats-io/transport-node')
  readonly jetstream: typeof import('@nats-io/jetstream')
  readonly kv: typeof import('@nats-io/kv')
}

/** @throws {WireGuardError} `EUNSUPPORTED` when they are not installed; it says how to */
export async function loadNats(): Promise<NatsPackages> {
  try {
    const [transport, jetstream, kv] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
      import('@nats-io/kv'),
    ])
    return { transport, jetstream, kv }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    const names = '@nats-io/transport-node@3 @nats-io/jetstream@3 @nats-io/kv@3'
    throw unsupported(
      'nats',
      `NATS needs packages that are not there: npm install --global ${names}`,
    )
  }
}
