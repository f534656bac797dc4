import { chmodSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A folder for temporary files that other users can pass through, not list: tests run programs as another user
 * in folders of theirs below it.
 *
 * @param {string} parent
 * @param {string} prefix
 */
export function temporaryFolder(parent, prefix) {
  const folder = mkdtempSync(join(parent, prefix))
  chmodSync(folder, 0o711)
  return folder
}
