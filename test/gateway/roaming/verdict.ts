import type { RoamingClient, Stay } from './client.js'
import type { Handshake } from './handshakes.js'

/** Milliseconds in which a first packet has to be answered, and in which who is revoked is gone. */
const [SOON, GONE] = [2000, 1000]

/** What was seen of one initiation that had to be answered. */
interface Answered {
  readonly client: string
  readonly gateway: string
  readonly at: number
  /** Whether the gateway could ask the store meanwhile; else the client was known to it. */
  readonly isWithStore: boolean
  /** Milliseconds until the client had an answer to a ping; `Infinity`: none in time. */
  readonly after: number
}

/** The initiations for which there was a path for two seconds: the client stayed, and all on its way was up. */
export function judge(
  initiations: readonly Handshake[],
  clients: readonly RoamingClient[],
): Answered[] {
  const byAddress = new Map(clients.map((client) => [client.outer.address, client]))
  return initiations.flatMap(({ at, from, to }) => {
    const client = byAddress.get(from)
    const stay = client?.stays.find((one) => one.from <= at && one.to >= at + SOON)
    if (!client || stay?.gateway.outer.address !== to) return []
    const { gateway } = stay
    if (!gateway.ready.has(at, at + SOON) || !client.allowed.has(at, at + SOON)) return []
    const isWithStore = gateway.reach.has(at, at + SOON)
    if (!isWithStore && !wasKnown(client, stay, at)) return []
    const answer = client.answers.find((one) => one.at >= at && one.at <= at + SOON)
    const after = answer ? answer.at - at : Number.POSITIVE_INFINITY
    return [{ client: client.name, gateway: gateway.name, at, isWithStore, after }]
  })
}

/** Whether a client was answered by this gateway before, since that runs, and is the one that it was. */
function wasKnown(client: RoamingClient, { gateway }: Stay, at: number): boolean {
  const since = Math.max(gateway.ready.at(at) ?? at, client.allowed.at(at) ?? at)
  return client.stays.some(
    (stay) =>
      stay.gateway === gateway &&
      client.answers.some(
        (one) => one.at >= Math.max(since, stay.from) && one.at <= Math.min(stay.to, at),
      ),
  )
}

/**
 * Answers that a client got more than a second after it was revoked, at a gateway that could hear of it. What its device
 * kept back until it was let in again goes through in its own right.
 */
export function throughThough(client: RoamingClient): number[] {
  return client.answers.flatMap(({ sentAt, at }) => {
    const revoked = client.revoked.has(sentAt, at) ? client.revoked.at(sentAt) : undefined
    const stay = client.stays.find((one) => one.from <= sentAt && one.to >= sentAt)
    const joined = stay?.gateway.joined.at(sentAt)
    if (revoked === undefined || joined === undefined) return []
    const late = sentAt - Math.max(revoked, joined)
    return late > GONE ? [late] : []
  })
}
