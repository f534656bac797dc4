import type { RoamingClient } from './client.js'
import type { RoamingGateway } from './gateway.js'
import type { Handshake } from './handshakes.js'

/** What happened to a client, in order: for whoever has to find out why it was not answered. */
export function story(
  client: RoamingClient,
  gateways: readonly RoamingGateway[],
  handshakes: readonly Handshake[],
): string[] {
  const { publicKey, outer, stays, answers } = client
  const lines: [number, string][] = [
    ...stays.map(({ from, gateway }) => [from, `goes to ${gateway.name}`] as [number, string]),
    ...answers.map(
      ({ at, sentAt }) => [at, `answered after ${Math.round(at - sentAt)} ms`] as [number, string],
    ),
    ...handshakes
      .filter(({ from, to }) => from === outer.address || to === outer.address)
      .map(({ at, kind, from, to }) => [at, `${kind} from ${from} to ${to}`] as [number, string]),
    ...gateways.flatMap(({ name, events }) =>
      events
        .filter((event) => event['publicKey'] === publicKey || event['publicKey'] === undefined)
        .map(({ at, time, level, publicKey: _, ...rest }) => {
          return [Number(at), `${name}: ${JSON.stringify(rest)}`] as [number, string]
        }),
    ),
  ]
  const first = Math.min(...lines.map(([at]) => at))
  return [
    `${client.name} (${publicKey}, ${outer.address}), from ${first}`,
    ...lines
      .sort(([one], [other]) => one - other)
      .map(([at, text]) => `${((at - first) / 1000).toFixed(3)} ${text}`),
  ]
}
