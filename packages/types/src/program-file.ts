import { access, constants, stat } from 'node:fs/promises'

/** True of a file that this process may run. A folder can be executed as well. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
