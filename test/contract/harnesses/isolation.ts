import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs ip(8) with arguments, without a shell. */
export async function ip(...args: string[]): Promise<string> {
  return (await run('ip', args)).stdout
}

/**
 * Makes sure that devices of a test cannot reach a network: the process must be in a network namespace
 * of its own, where nothing but loopback leads anywhere.
 *
 * @throws when there is a link to the world
 */
export async function isolate(): Promise<void> {
  const links: { ifname: string; link_type: string }[] = JSON.parse(await ip('-json', 'link'))
  const outward = links.filter((link) => link.link_type === 'ether')
  if (outward.length > 0) {
    const names = outward.map((link) => link.ifname).join(', ')
    throw new Error(
      `run this as root inside \`unshare --net\`: here are links to the world (${names})`,
    )
  }
  await ip('link', 'set', 'lo', 'up')
}
