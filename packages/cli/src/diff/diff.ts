import {
  type Change,
  type ConfigFile,
  describeChange,
  readConfigFile,
  type SyncOptions,
  toDeviceConfig,
  type WireGuardClient,
} from 'wgctrl'
import type { Invocation, Run } from '../command.js'
import { fileOptions } from '../globals.js'
import { conflictsOf } from '../interface/interface-file.js'
import { describedPeers } from '../peer-names/peer-names.js'
import { withDevices } from '../session.js'
import { visibleJson } from '../visible-text.js'

const [SAME, DIFFERENT, TROUBLE] = [0, 1, 2]

export const runDiff: Run = (invocation, io) => {
  const [device = '', path = ''] = invocation.words
  return withDevices(
    invocation,
    io,
    async (wg) => {
      const file = await readConfigFile(path, fileOptions(invocation.globals))
      const changes = await differences(wg, device, file, invocation)
      if (invocation.options['json'])
        io.stdout.write(`${visibleJson(JSON.stringify({ device, changes }))}\n`)
      else io.stdout.write(lines(changes, file))
      return changes.length === 0 ? SAME : DIFFERENT
    },
    TROUBLE,
  )
}

async function differences(
  wg: WireGuardClient,
  device: string,
  file: ConfigFile,
  { options }: Invocation,
): Promise<readonly Change[]> {
  const desired = toDeviceConfig(file, { conflicts: conflictsOf(options) })
  return await wg.sync(device, desired, { dryRun: true, keep: keptFields(file) })
}

/** What `up` and hooks set where the file says nothing. */
function keptFields({ interface: section, peers }: ConfigFile): SyncOptions['keep'] {
  const { privateKey, firewallMark, table = 'auto', addresses } = section
  const isQuick = addresses.length > 0
  const hasDefaultRoute = peers.some(({ allowedIPs }) => allowedIPs.some(isDefaultRoute))
  // A tunnel may do without an address, and a mark that is off is one for `up` to choose.
  const isMarkedByUp = table === 'auto' && hasDefaultRoute && !firewallMark
  return [
    ...(isQuick && privateKey === undefined ? (['privateKey'] as const) : []),
    ...(isMarkedByUp ? (['firewallMark'] as const) : []),
  ]
}

const isDefaultRoute = (cidr: string): boolean => cidr.endsWith('/0')

function lines(changes: readonly Change[], file: ConfigFile): string {
  const peerName = describedPeers(file)
  return changes.map((change) => `${describeChange(change, { peerName })}\n`).join('')
}
