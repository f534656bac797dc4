import { type ConfigFile, describeInterfaceChange, type InterfaceChange } from 'wgctrl'
import { describedPeers } from '../peer-names/peer-names.js'

/** What was changed, a line for each, with peers by the names that their file gives them. */
export function changeLines(changes: readonly InterfaceChange[], file: ConfigFile): string {
  const peerName = describedPeers(file)
  return changes.map((change) => `${describeInterfaceChange(change, { peerName })}\n`).join('')
}
