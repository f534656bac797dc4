import { run } from '../lifecycle/command.js'

/**
 * A device as wg(8) shows it, a line for each section; peers and networks in an order of their own. Without
 * the scopes of endpoints, which wireguard-go of 2022 does not tell.
 *
 * @param hasPort whether its port is of the file's choice
 */
export async function showConf(name: string, hasPort: boolean): Promise<string[]> {
  const text = await run('wg', 'showconf', name)
  const [device = '', ...peers] = text.split(/^(?=\[Peer\])/m).map((section) =>
    section
      .split('\n')
      .filter((line) => line !== '' && (hasPort || !line.startsWith('ListenPort')))
      .map((line) =>
        line.startsWith('AllowedIPs = ')
          ? `AllowedIPs = ${line.slice(13).split(', ').sort().join(', ')}`
          : line.replace(/^(Endpoint = \[[^\]%]+)%[^\]]+/, '$1'),
      )
      .join('; '),
  )
  return [device, ...peers.sort()]
}
