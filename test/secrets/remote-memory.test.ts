import { join } from 'node:path'
import { FakeDevice } from '@wgctrl/types/testing'
import { FakeUapiServer } from '@wgctrl/uapi/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Remains, SearchedProcess, temporaryFolder } from './done-process.js'
import { findPlanted } from './planted.js'

interface Ends {
  readonly server: Remains
  readonly client: Remains
  /** What both said, the log of the server in it. */
  readonly output: string
}

/** Runs a server, and a client that has a device of it, until both are done with the device's keys. */
async function endsOf(secrets: boolean, leak: 'leak' | 'none'): Promise<Ends> {
  const directory = await temporaryFolder()
  const device = await FakeUapiServer.listen(join(directory, 'wg0.sock'), new FakeDevice('wg0'))
  onTestFinished(() => device[Symbol.asyncDispose]())
  const started = (role: string) => {
    const snapshot = join(directory, `${role}.heapsnapshot`)
    const args = [role, directory, snapshot, leak, String(secrets)]
    return { child: new SearchedProcess('remote-child.mjs', args), snapshot }
  }
  const server = started('server')
  expect(await server.child.says()).toBe('serving')
  const client = started('client')
  expect(await client.child.says()).toBe('ready')
  server.child.goOn()
  expect(await server.child.says()).toBe('ready')
  return {
    server: await server.child.remains(server.snapshot),
    client: await client.child.remains(client.snapshot),
    output: server.child.output + client.child.output,
  }
}

/** Two memories are searched, one after the other. */
const PATIENCE = { timeout: 400_000 }

const NOTHING = { memory: [], snapshot: [] }

describe('both ends of a connection that is over', () => {
  it.each([true, false])(
    'have no key left, in no form, and said none: secrets %s',
    PATIENCE,
    async (secrets) => {
      const { server, client, output } = await endsOf(secrets, 'none')
      expect({ server, client }).toEqual({ server: NOTHING, client: NOTHING })
      expect(output).toMatch(/denied[\s\S]*EPERM/)
      expect(findPlanted(output)).toEqual([])
    },
  )

  it('are searched well: a key that was kept is found', PATIENCE, async () => {
    const { server, client } = await endsOf(true, 'leak')
    for (const { memory, snapshot } of [server, client]) {
      expect(memory).toEqual(expect.arrayContaining(['key 1 as raw', 'key 2 as base64']))
      expect(snapshot).toContain('key 2 as base64')
    }
  })
})
