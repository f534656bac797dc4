import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program as it is published. */
const BIN = fileURLToPath(new URL('../../packages/cli/dist/bin.cjs', import.meta.url))

/** A folder for PATH that has our program under the names `wg` and `wgctrl`. */
export async function makeProgramFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  if (!existsSync(BIN)) throw new Error('the packages are not built: run `npm run build`')
  const path = await mkdtemp(join(tmpdir(), 'wgctrl-bin-'))
  for (const name of ['wg', 'wgctrl']) await symlink(BIN, join(path, name))
  return { path, remove: () => rm(path, { recursive: true }) }
}
