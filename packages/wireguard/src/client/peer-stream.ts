import {
  checkFields,
  inContext,
  onAbort,
  type Peer,
  type PeerIterator,
  refuseAborted,
} from '@wgctrl/types'
import { CLIENT_OPTIONS } from '../option-fields.js'
import type { CallOrder } from './call-order.js'
import type { ClientCallOptions } from './options.js'
import type { UnderWay } from './under-way.js'

/** A stream whose first peer is there: the device is known to answer. */
export interface PeerStream {
  readonly peers: PeerIterator
  readonly first: IteratorResult<Peer>
}

/** Reads the first peer. A stream that fails at it holds nothing. */
export async function beginStream(peers: PeerIterator): Promise<PeerStream> {
  try {
    return { peers, first: await peers.next() }
  } catch (error) {
    await peers.return?.()
    throw error
  }
}

/**
 * The peers of a device for a user, until the client is closed.
 *
 * @param began is told what hands them out, and what ends that
 */
export async function* streamPeers(
  { order, underWay }: { readonly order: CallOrder; readonly underWay: UnderWay },
  name: string,
  options: ClientCallOptions,
  began: (peers: PeerIterator, signal: AbortSignal) => void,
): AsyncGenerator<Peer, void, undefined> {
  checkFields(options, 'options', CLIENT_OPTIONS)
  underWay.refuseClosed('peers', name)
  using end = underWay.cuttable({ signal: options.signal, timeout: Number.POSITIVE_INFINITY })
  const { signal } = end
  try {
    const { peers, first } = await order.follow(
      'peers',
      name,
      { ...options, signal },
      (backend, left) => beginStream(backend.peers(name, left)),
    )
    // The device is let go of also while the consumer has the word. A dropped stream stays garbage.
    const stream = new WeakRef(peers)
    onAbort(signal, () => void underWay.whole(letGo(stream.deref())))
    began(peers, signal)
    try {
      for (let next = first; !next.done; next = await peers.next()) {
        yield next.value
        refuseAborted(signal)
      }
      refuseAborted(signal)
    } finally {
      await peers.return?.()
    }
  } catch (error) {
    throw inContext(error, { operation: 'peers', device: name })
  }
}

/** Whoever reads hears of what fails. */
async function letGo(peers: PeerIterator | undefined): Promise<void> {
  await peers?.return?.().catch(() => {})
}
