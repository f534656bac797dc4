import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NodeConnectionOptions, nkeys } from '@nats-io/transport-node'
import { generatePresharedKey, generatePrivateKey, publicKey } from '@wgctrl/types'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkStoreConfig } from '../../packages/gateway/src/config/check-store.js'
import { openStore } from '../../packages/gateway/src/store/open-store.js'
import type { ClientStore, Found } from '../../packages/gateway/src/store/store.js'
import { NatsServer } from './nats-server.js'

const execute = promisify(execFile)
const key = publicKey(generatePrivateKey())
const record = { allowedIPs: ['10.0.0.1/32'] }

let folder: string
let server: NatsServer
let stores: ClientStore[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgctrl-access-'))
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const write = (name: string, text: string): Promise<void> =>
  writeFile(join(folder, name), text, { mode: 0o600 })

/** Puts the client into its bucket, as who administers it. */
async function fill(options: NodeConnectionOptions, value: object = record): Promise<void> {
  const connection = await connect(options)
  const bucket = await new Kvm(jetstream(connection)).create('wireguard-clients')
  await bucket.put(Buffer.from(key, 'base64').toString('base64url'), JSON.stringify(value))
  await connection.close()
}

/** What a store with this config has for the client. */
async function find(config: object): Promise<Found | undefined> {
  const checked = checkStoreConfig({ type: 'nats', ...config }, folder)
  const store = await openStore(checked, {}, { onProblem: () => {} })
  stores.push(store)
  return await store.find(key, { signal: AbortSignal.timeout(60_000) })
}

/** An authority, and certificates by it, with openssl(1). */
async function makeCertificates(): Promise<void> {
  const openssl = (...args: string[]) => execute('openssl', args, { cwd: folder })
  const anew = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const make = (name: string, ...more: string[]) =>
    openssl(
      ...anew,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      `/CN=${name}`,
      ...more,
    )
  await make('authority')
  const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key']
  for (const name of ['server', 'gateway']) {
    await make(name, ...by, '-addext', 'subjectAltName=DNS:localhost')
  }
}

it('is reached over TLS, with a token and a certificate, and refuses whoever lacks one of them', async () => {
  await makeCertificates()
  await write('token', 'a-token\n')
  const own = (name: string): string => join(folder, name)
  server = await NatsServer.open('127.0.0.1', [
    ...['--auth', 'a-token', '--tlsverify', '--tlscacert', own('authority.pem')],
    ...['--tlscert', own('server.pem'), '--tlskey', own('server.key')],
  ])
  const files = { caFile: 'authority.pem', certFile: 'gateway.pem', keyFile: 'gateway.key' }
  const tls = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, own(file)]))
  const servers = `tls://localhost:${server.port}`
  await fill({ servers, token: 'a-token', tls })
  const whole = { servers, tokenFile: 'token', tls: files }
  expect(await find(whole)).toMatchObject({ client: record })
  const { caFile, ...withoutCa } = files
  const lacking = [
    { ...whole, tokenFile: undefined },
    { ...whole, tls: { caFile } },
    { ...whole, tls: withoutCa },
  ]
  for (const config of lacking) {
    await expect(find(JSON.parse(JSON.stringify(config)))).rejects.toMatchObject({ code: 'EAGAIN' })
  }
})

it('is not reached without TLS where the config says that it has it', async () => {
  await write('token', 'a-token')
  server = await NatsServer.open('127.0.0.1', ['--auth', 'a-token'])
  const servers = `localhost:${server.port}`
  await fill({ servers, token: 'a-token' })
  const config = { servers, tokenFile: 'token' }
  expect(await find(config)).toMatchObject({ client: record })
  await expect(find({ ...config, servers: `tls://${servers}` })).rejects.toMatchObject({
    code: 'EAGAIN',
    message: expect.stringContaining('tls'),
  })
})

it.each(['caFile', 'certFile', 'keyFile'])('takes no %s that others can write', async (name) => {
  server = await NatsServer.open()
  await write('mine.pem', 'a certificate')
  await chmod(join(folder, 'mine.pem'), 0o666)
  const tls = { [name]: 'mine.pem' }
  await expect(find({ servers: server.url, tls })).rejects.toMatchObject({ code: 'EPERM' })
})

it('is reached with the credentials of an account that may read the bucket alone', async () => {
  const [user, admin] = [nkeys.createUser(), nkeys.createUser()]
  const seed = new TextDecoder().decode(user.getSeed())
  const part = (name: string, text: string): string =>
    `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`
  await write('gateway.creds', part('NATS USER JWT', 'none') + part('USER NKEY SEED', seed))
  const subjects = [
    ...[
      'STREAM.INFO',
      'STREAM.MSG.GET',
      'DIRECT.GET',
      'CONSUMER.CREATE',
      'CONSUMER.DELETE',
    ].flatMap((call) => [
      `$JS.API.${call}.KV_wireguard-clients`,
      `$JS.API.${call}.KV_wireguard-clients.>`,
    ]),
    '$JS.API.INFO',
    '$JS.FC.>',
  ]
  await write(
    'server.conf',
    `authorization { users: [
      { nkey: ${admin.getPublicKey()} },
      { nkey: ${user.getPublicKey()}, permissions: { subscribe: "_INBOX.>", publish: ${JSON.stringify(subjects)} } }
    ] }`,
  )
  server = await NatsServer.open('127.0.0.1', ['-c', join(folder, 'server.conf')])
  const sign = (nonce = ''): string =>
    Buffer.from(admin.sign(new TextEncoder().encode(nonce))).toString('base64url')
  const authenticator = (nonce?: string) => ({ nkey: admin.getPublicKey(), sig: sign(nonce) })
  await fill({ servers: server.url, authenticator })
  const config = { servers: server.url, credentialsFile: 'gateway.creds' }
  expect(await find(config)).toMatchObject({ client: record })
  const signal = AbortSignal.timeout(60_000)
  const changes = (stores[0] as ClientStore).changes({ signal })[Symbol.asyncIterator]()
  expect((await changes.next()).value).toMatchObject({ type: 'lost' })
  await fill({ servers: server.url, authenticator }, { allowedIPs: ['10.0.0.2/32'] })
  expect((await changes.next()).value).toMatchObject({
    type: 'changed',
    publicKey: key,
    client: { allowedIPs: ['10.0.0.2/32'] },
  })
  await changes.return?.()
  await expect(find({ servers: server.url })).rejects.toMatchObject({ code: 'EAGAIN' })
})

it('takes preshared keys that stand in the bucket as they are only where that was asked for', async () => {
  server = await NatsServer.open()
  const presharedKey = generatePresharedKey().toBase64()
  await fill({ servers: server.url }, { ...record, presharedKey })
  const servers = server.url
  await expect(find({ servers })).rejects.toMatchObject({ path: 'client.presharedKey' })
  const found = await find({ servers, clearPresharedKeys: true })
  expect(found?.client.presharedKey?.toBase64()).toBe(presharedKey)
})
