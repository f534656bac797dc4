import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ip, isolate } from '../contract/harnesses/isolation.js'
import { PanelProcess, setPassword } from './panel-process.js'
import { SERVER } from './phone.js'
import { Visitor } from './visitor.js'

export const DEVICE = 'wg0'

/** Where packets of clients go that are for none of this machine. */
export const FAR_HOST = '203.0.113.7'

/** A machine with a folder for a panel, a cable to its clients' machines, and one to a host further on. */
export async function makeStage(): Promise<string> {
  await isolate()
  await ip('link', 'add', 'switch', 'type', 'bridge')
  await ip('address', 'add', `${SERVER}/24`, 'dev', 'switch')
  await ip('link', 'set', 'switch', 'up')
  await ip('netns', 'add', 'far')
  await ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'far')
  await ip('address', 'add', '203.0.113.1/24', 'dev', 'uplink')
  await ip('link', 'set', 'uplink', 'up')
  await ip('-n', 'far', 'address', 'add', `${FAR_HOST}/24`, 'dev', 'eth0')
  await ip('-n', 'far', 'link', 'set', 'eth0', 'up')
  const data = mkdtempSync(join(tmpdir(), 'panel-'))
  await setPassword(data)
  return data
}

/** The same with a panel that has the privileges itself and knows where it is reached, and somebody who is logged in. */
export async function startPanel(): Promise<{
  data: string
  panel: PanelProcess
  visitor: Visitor
}> {
  const data = await makeStage()
  const panel = await PanelProcess.start(data, 8080)
  const visitor = await Visitor.loggedIn(panel.url)
  await setEndpoint(visitor)
  return { data, panel, visitor }
}

/** @param more settings besides */
export async function setEndpoint(visitor: Visitor, more: object = {}): Promise<void> {
  const settings = await visitor.call<object>('GET', 'settings')
  await visitor.call('PUT', 'settings', { ...settings, endpoint: SERVER, ...more })
}

/** A folder for the helper's socket, which others than root may enter. */
export function socketFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'run-'))
  chmodSync(folder, 0o755)
  return folder
}
