import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WGCTRL } from './program.js'

/**
 * Stands in for ssh and the machine that it leads to: runs here what it was to run there, in a session of its own, and
 * takes it along when a signal ends it.
 */
export class FarMachine {
  /** For `--ssh`. */
  readonly ssh: string
  readonly #asked: string

  private constructor(ssh: string, asked: string) {
    this.ssh = ssh
    this.#asked = asked
  }

  /** @param folder where it puts its files */
  static async make(folder: string): Promise<FarMachine> {
    const machine = new FarMachine(join(folder, 'ssh'), join(folder, 'asked'))
    const program = join(folder, 'wgctrl')
    await writeFile(
      machine.ssh,
      `#!/bin/sh
echo "$@" >>${machine.#asked}
while [ "$1" != -- ]; do shift; done
test "$2" = nowhere && { echo "Could not resolve hostname nowhere" >&2; exit 255; }
exec 3<&0
PATH=${folder}:$PATH setsid sh -c "exec $3" <&3 3<&- &
trap 'kill -9 $!; exit 255' INT HUP TERM
exec 3<&- </dev/null >/dev/null
wait $!
`,
    )
    await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${WGCTRL} "$@"\n`)
    await chmod(machine.ssh, 0o755)
    await chmod(program, 0o755)
    return machine
  }

  /** The words of each start, a line each. */
  async asked(): Promise<string[]> {
    return (await readFile(this.#asked, 'utf8')).trim().split('\n')
  }
}
