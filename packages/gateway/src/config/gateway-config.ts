import type { NatConfig, WireGuardDialect } from 'wgctrl'

/** Where clients are in files. */
export interface FileStoreConfig {
  readonly type: 'file'
  /** A folder of `.conf` files with `[Peer]` blocks, or one such file. */
  readonly path: string
}

/** Where an HTTP service tells of changes. */
export interface HttpChangesConfig {
  readonly url: string
  /** `poll`: it is asked again and again. `events`: it holds the answer open (server-sent events). */
  readonly by: 'poll' | 'events'
  /** How often it is asked; with `events`, how long it may say nothing. */
  readonly interval: number
}

/** Where clients are behind a URL. */
export interface HttpStoreConfig {
  readonly type: 'http'
  /** With `{key}` in it, which stands for a client's key in base64url without padding. */
  readonly url: string
  /** A file with the token that is sent with each request. It is read for each. */
  readonly tokenFile?: string | undefined
  /** Absent: clients that are in are asked for again in intervals of `refresh`. */
  readonly changes?: HttpChangesConfig | undefined
  readonly refresh: number
  /** How long one request may take. */
  readonly timeout: number
  /** How often one that failed is made again. */
  readonly retries: number
  /** Whether preshared keys are taken as they are. */
  readonly clearPresharedKeys: boolean
}

/** How NATS is reached. */
export interface NatsConfig {
  /** `host:port`, or with a scheme: `tls://host:port`. */
  readonly servers: readonly string[]
  /** A file of credentials (`.creds`), or one with a token. */
  readonly credentialsFile?: string | undefined
  readonly tokenFile?: string | undefined
  /** Files of certificates and a key, in PEM. */
  readonly tls?: {
    readonly caFile?: string
    readonly certFile?: string
    readonly keyFile?: string
  }
  /** How long one request may take. */
  readonly timeout: number
}

/** Where clients are in a bucket of NATS JetStream. */
export interface NatsStoreConfig {
  readonly type: 'nats'
  readonly nats: NatsConfig
  readonly bucket: string
  /** How long markers of removed keys are sure to stay in the bucket: who was away for longer asks for all. */
  readonly markers: number
  readonly clearPresharedKeys: boolean
}

/** A fleet of gateways that tell each other where clients are, over NATS. */
export interface FleetConfig {
  readonly nats: NatsConfig
  /** This gateway's name in the fleet: no other may have it. */
  readonly id: string
  /** The bucket that says where each client is. */
  readonly bucket: string
  /** The bucket of gateways that are there. */
  readonly gateways: string
  /** How long a gateway that says nothing counts as there. */
  readonly ttl: number
  /** What the subjects of messages begin with. */
  readonly subject: string
}

/** Where clients are. */
export type StoreConfig = FileStoreConfig | HttpStoreConfig | NatsStoreConfig

/** How long, in milliseconds, and how many answers of the store are kept for when it is away. */
export interface CacheConfig {
  /** How many answers; 0: none. */
  readonly size: number
  /** How old an answer may be that lets a client in. */
  readonly maxAge: number
  /** How long a store may take before a kept answer is taken instead. */
  readonly patience: number
}

/** What a gateway does, checked and complete. Times are milliseconds, paths absolute. */
export interface GatewayConfig {
  /** The interface, brought up as wg-quick(8) would. Its peers are no clients: they are never removed. */
  readonly interface: {
    /** Its config file, named for it. */
    readonly file: string
    /** What the interface speaks, and its file is written in; absent: `wireguard`. */
    readonly dialect?: WireGuardDialect | undefined
    /** What makes the device; absent: the kernel, else a userspace daemon. */
    readonly backend?: 'linux-kernel' | 'userspace' | undefined
    /** As of an `InterfaceConfig` of `wgctrl`: forwards for clients, translates their addresses, parts them. */
    readonly forward?: boolean | undefined
    readonly nat?: NatConfig | undefined
    readonly betweenClients?: boolean | undefined
  }
  readonly store: StoreConfig
  /** A file with the private key that opens sealed preshared keys; absent: the interface's own key does. */
  readonly sealKeyFile?: string | undefined
  /** What clients' allowed IPs have to be within; absent: anything. */
  readonly networks?: readonly string[] | undefined
  /** How many peers the device holds at most; absent: any number. */
  readonly maxPeers?: number | undefined
  /** How long a peer that is not heard from stays. */
  readonly idle: number
  /** How long a key that nobody has is not looked up again, unless the store tells of it, or that changes were lost. */
  readonly negativeTtl: number
  /** How long a lookup may take. */
  readonly lookupTimeout: number
  /** How many lookups run at once. */
  readonly maxLookups: number
  readonly cache: CacheConfig
  /** Absent: this gateway is alone. */
  readonly fleet?: FleetConfig | undefined
  /** Where metrics and health are served, as `127.0.0.1:9587`; absent: nowhere. */
  readonly listen?: string | undefined
  readonly log: 'text' | 'json'
}
