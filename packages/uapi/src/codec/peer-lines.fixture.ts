import fc from 'fast-check'

/** A key that is not zero. */
export const key: fc.Arbitrary<Buffer> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter((bytes) => bytes.some((byte) => byte !== 0))
  .map((bytes) => Buffer.from(bytes))
export const endpoint: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([ip, port]) => `${ip}:${port}`),
  fc.constantFrom('[::1]:1', '[fe80::1]:51820', '[fd00:0:0:1::]:9'),
)
export const network: fc.Arbitrary<string> = fc.oneof(
  fc.ipV4().map((address) => `${address}/32`),
  fc.constantFrom('10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00::/64', '2001:db8::1/128'),
)
export const number: fc.Arbitrary<number> = fc.nat(70_000)

/** What the lines of a peer say. */
export interface Lines {
  readonly key: Buffer
  readonly psk: Buffer | undefined
  readonly endpoint: string | undefined
  readonly keepalive: number
  readonly networks: readonly string[]
}

export const peer: fc.Arbitrary<Lines> = fc.record({
  key,
  psk: fc.option(key, { nil: undefined }),
  endpoint: fc.option(endpoint, { nil: undefined }),
  keepalive: fc.nat(65_535),
  networks: fc.uniqueArray(network, { maxLength: 5 }),
})

/** One that has a key and nothing else. */
export const bare: Lines = {
  key: Buffer.alloc(32, 1),
  psk: undefined,
  endpoint: undefined,
  keepalive: 0,
  networks: [],
}

export const hex = (bytes: Buffer | undefined): string =>
  (bytes ?? Buffer.alloc(32)).toString('hex')

/** The lines of a peer as wireguard-go writes them. */
export const linesOf = (one: Lines, time = 0): string =>
  [
    `public_key=${hex(one.key)}`,
    `preshared_key=${hex(one.psk)}`,
    'protocol_version=1',
    ...(one.endpoint === undefined ? [] : [`endpoint=${one.endpoint}`]),
    `last_handshake_time_sec=${time}`,
    `last_handshake_time_nsec=${time}`,
    `tx_bytes=${time}`,
    `rx_bytes=${time}`,
    `persistent_keepalive_interval=${one.keepalive}`,
    ...one.networks.map((text) => `allowed_ip=${text}`),
    '',
  ].join('\n')
