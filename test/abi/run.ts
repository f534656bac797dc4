import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a command and returns what it printed. @throws when it fails, with what it said */
export async function run(
  command: string,
  args: string[],
  options: { cwd?: string } = {},
): Promise<string> {
  return (await execute(command, args, { ...options, maxBuffer: 2 ** 26 })).stdout
}

/** Runs programs for arm64 on this machine, with the libraries of Debian's cross compilers. */
export const arm64 = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'] as const
