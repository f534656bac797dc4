// Sets the password of the panel, of what is typed or piped in.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { openDatabase } from './server/database.mjs'
import { Sessions } from './server/sessions.mjs'

const { values } = parseArgs({ options: { data: { type: 'string', default: 'data' } } })

process.umask(0o077)
mkdirSync(values.data, { recursive: true })
const database = openDatabase(join(values.data, 'panel.db'))
const input = process.stdin
if (input.isTTY) process.stderr.write('Password: ')
// Nothing that is typed is shown.
const output = new Writable({ write: (_chunk, _encoding, done) => done() })
const lines = createInterface({ input, output, terminal: input.isTTY === true })
try {
  const { value } = await lines[Symbol.asyncIterator]().next()
  await new Sessions(database).setPassword(value ?? '')
  console.error('\nThe password is set.')
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  lines.close()
  database.close()
}
