import { expect, vi } from 'vitest'
import { run } from '../lifecycle/command.js'

/**
 * Lays `link0`, which systemd-resolved then has the same words for until it is told something: it runs, and has no
 * address that the kernel makes up, which would count seconds later, when the kernel has looked for another of it.
 *
 * @returns its index
 */
export async function layLink(): Promise<number> {
  await run('ip', 'link', 'add', 'link0', 'type', 'veth', 'peer', 'name', 'far0')
  await run('ip', 'address', 'add', '10.9.0.1/24', 'dev', 'link0')
  for (const name of ['far0', 'link0']) {
    await run('ip', 'link', 'set', name, 'addrgenmode', 'none')
    await run('ip', 'link', 'set', name, 'up')
  }
  return await vi.waitFor(async () => {
    const [{ ifindex, operstate }] = JSON.parse(await run('ip', '-j', 'link', 'show', 'link0'))
    expect(operstate).toBe('UP')
    return ifindex
  })
}
