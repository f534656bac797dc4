import { run } from '../lifecycle/command.js'

/** A device as wg(8) shows it, a line for each section; peers and networks in an order of their own. */
export async function showConf(name: string, hasPort: boolean): Promise<string[]> {
  const text = await run('wg', 'showconf', name)
  const [device = '', ...peers] = text.split(/^(?=\[Peer\])/m).map((section) =>
    section
      .split('\n')
      .filter((line) => line !== '' && (hasPort || !line.startsWith('ListenPort')))
      .map((line) =>
        line.startsWith('AllowedIPs = ')
          ? `AllowedIPs = ${line.slice(13).split(', ').sort().join(', ')}`
          : line,
      )
      .join('; '),
  )
  return [device, ...peers.sort()]
}
