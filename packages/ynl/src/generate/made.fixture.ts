// Made by wgctrl-ynl from example.yaml: what is changed here is lost when it is made again.

import type { MulticastEvents } from '@wgctrl/netlink'
import { type CallOptions, type DoOptions, type Dump, Family, type FamilyOptions, type Spec } from '@wgctrl/ynl/runtime'

export const NAME_LEN = 8

export const PAGE_SIZE = 0

export interface Header {
  exFamily: number
  exKind: Kind | number
  name: number
}

export type Kind =
  | 'plain'
  /** Not even. */
  | 'odd'
  | 'last'

export type Bits =
  | 'up'
  | 'down'
  | 'far'

export interface Inner {
  port: number
  mac: string
}

export interface Outer {
  count: bigint
  inner: Inner
  flags: readonly (Kind | number)[]
}

/** All of it. */
export interface Main {
  /** What it is called. */
  name?: string | undefined
  level?: number | undefined
  port?: number | undefined
  wide?: bigint | undefined
  auto?: bigint | undefined
  autoSigned?: bigint | undefined
  kind?: Kind | number | undefined
  bits?: readonly (Bits | number)[] | undefined
  kinds?: readonly (Kind | number)[] | undefined
  field?: { value: readonly (Bits | number)[]; selector: readonly (Bits | number)[] } | undefined
  present?: boolean | undefined
  blob?: Uint8Array | undefined
  ip?: string | Uint8Array | undefined
  ipNumber?: string | undefined
  id?: string | Uint8Array | undefined
  outer?: Outer | undefined
  shorts?: readonly number[] | undefined
  main?: Main | undefined
  twice?: readonly Part[] | undefined
  list?: readonly Part[] | undefined
  numbers?: readonly number[] | undefined
  deep?: { outerId: number; innerId: number } & Part | undefined
  form?: string | undefined
  data?: (Inner & Part) | Inner | Uint8Array | undefined
  stats?: Stats | undefined
  limited?: number | undefined
  paged?: number | undefined
}

export interface Part {
  /** What it is called. */
  name?: string | undefined
  level?: number | undefined
}

export interface Stats {
  data?: (Inner & Part) | Inner | Uint8Array | undefined
}

/** What get-it takes. */
export type GetItDoRequest = Partial<Omit<Header, 'name'>> & Partial<{ headerName: Header['name'] }> & Pick<Main, 'name'>

/** What get-it answers. */
export type GetItDoReply = Omit<Header, 'name'> & { headerName: Header['name'] } & Pick<Main, 'name' | 'level'>

/** What get-it takes. */
export type GetItDumpRequest = Partial<Header>

/** What get-it answers. */
export type GetItDumpReply = Omit<Header, 'name'> & { headerName: Header['name'] } & Pick<Main, 'name' | 'level'>

/** What set-it takes. */
export type SetItDoRequest = Partial<Omit<Header, 'name'>> & Partial<{ headerName: Header['name'] }> & Pick<Main, 'name' | 'level'>

/** One was set. */
export type SetNtfMessage = Omit<Header, 'name'> & { headerName: Header['name'] } & Pick<Main, 'name' | 'level'>

/** What is heard; `lost`: messages came faster than they were read. */
export type ExampleEvent =
  | { readonly type: 'message'; readonly name: 'set-ntf'; readonly message: SetNtfMessage }
  | { readonly type: 'lost' }

/** A family for tests. */
export class Example {
  /** What the calls go through. */
  readonly family: Family

  private constructor(family: Family) {
    this.family = family
  }

  /** @throws {NetlinkError} ENOENT when the kernel has no such family */
  static async open(options?: FamilyOptions): Promise<Example> {
    return new Example(await Family.open(SPEC, options))
  }

  /** Gets one, or all. */
  async getIt(request: GetItDoRequest = {}, options?: DoOptions): Promise<GetItDoReply | undefined> {
    return await this.family.do<GetItDoReply>('get-it', request, options)
  }

  /** Gets one, or all. */
  getItDump(request: GetItDumpRequest = {}, options?: CallOptions): Dump<GetItDumpReply> {
    return this.family.dump<GetItDumpReply>('get-it', request, options)
  }

  /** Sets one. */
  async setIt(request: SetItDoRequest = {}, options?: DoOptions): Promise<void> {
    await this.family.do('set-it', request, options)
  }

  /** Listens to multicast groups, until the loop is left or the signal fires. */
  async subscribe(groups: readonly ('ex-link' | 'nameless')[], options?: CallOptions): Promise<MulticastEvents<ExampleEvent>> {
    return await this.family.subscribe<ExampleEvent>(groups, options)
  }

  /** Lets go of its sockets; what is in flight settles first. */
  async close(): Promise<void> {
    await this.family.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const SPEC: Spec = {
  name: "example",
  protocol: "netlink-raw",
  protocolNumber: 0,
  definitions: [
    {"type":"const","name":"name-len","value":8},
    {"type":"const","name":"page-size","value":0},
    { type: "struct", name: "header", members: [
      {"name":"ex-family","type":"u8"},
      {"name":"ex-kind","type":"u8","enum":"kind"},
      {"name":"pad","type":"pad","length":2},
      {"name":"name","type":"s32"},
    ] },
    { type: "enum", name: "kind", entries: [
      {"name":"plain","value":5},
      {"name":"odd","value":9},
      {"name":"last","value":10},
    ] },
    { type: "flags", name: "bits", entries: [
      {"name":"up","value":0},
      {"name":"down","value":1},
      {"name":"far","value":8},
    ] },
    { type: "struct", name: "inner", members: [
      {"name":"port","type":"u16","byteOrder":"big-endian"},
      {"name":"mac","type":"binary","length":6,"hint":"mac"},
    ] },
    { type: "struct", name: "outer", members: [
      {"name":"count","type":"u64"},
      {"name":"inner","type":"binary","struct":"inner"},
      {"name":"flags","type":"u8","enum":"kind","isFlags":true},
    ] },
  ],
  attributeSets: [
    { name: "main", attributes: [
      {"name":"unspec","value":0,"type":"unused"},
      {"name":"name","value":1,"type":"string","checks":{"maxLength":7}},
      {"name":"level","value":2,"type":"s8","checks":{"min":-3,"max":100}},
      {"name":"port","value":3,"type":"u16","byteOrder":"big-endian"},
      {"name":"wide","value":4,"type":"u64"},
      {"name":"auto","value":5,"type":"uint"},
      {"name":"auto-signed","value":6,"type":"sint"},
      {"name":"kind","value":7,"type":"u32","enum":"kind"},
      {"name":"bits","value":8,"type":"u32","enum":"bits"},
      {"name":"kinds","value":9,"type":"u64","enum":"kind","isFlags":true},
      {"name":"field","value":10,"type":"bitfield32","enum":"bits"},
      {"name":"present","value":11,"type":"flag"},
      {"name":"blob","value":12,"type":"binary","checks":{"exactLength":4}},
      {"name":"ip","value":13,"type":"binary","hint":"ipv4-or-v6"},
      {"name":"ip-number","value":14,"type":"u32","byteOrder":"big-endian","hint":"ipv4"},
      {"name":"id","value":15,"type":"binary","hint":"uuid"},
      {"name":"outer","value":16,"type":"binary","struct":"outer"},
      {"name":"shorts","value":17,"type":"binary","subType":"s16"},
      {"name":"pad","value":18,"type":"pad"},
      {"name":"main","value":19,"type":"nest","nested":"main"},
      {"name":"twice","value":20,"type":"nest","isMulti":true,"nested":"part"},
      {"name":"list","value":21,"type":"indexed-array","nested":"part","subType":"nest"},
      {"name":"numbers","value":22,"type":"indexed-array","subType":"u32"},
      {"name":"deep","value":23,"type":"nest-type-value","nested":"part","typeValue":["outer-id","inner-id"]},
      {"name":"form","value":40,"type":"string"},
      {"name":"data","value":41,"type":"sub-message","subMessage":"data","selector":"form"},
      {"name":"stats","value":42,"type":"nest","nested":"stats"},
      {"name":"limited","value":43,"type":"u32","checks":{"max":65535}},
      {"name":"paged","value":44,"type":"u32","checks":{}},
    ] },
    { name: "part", attributes: [
      {"name":"name","value":1,"type":"string","checks":{"maxLength":7}},
      {"name":"level","value":2,"type":"u8","checks":{"min":-3,"max":100}},
    ] },
    { name: "stats", attributes: [
      {"name":"data","value":1,"type":"sub-message","subMessage":"data","selector":"form"},
    ] },
  ],
  subMessages: [
    { name: "data", formats: [
      {"value":"whole","fixedHeader":"inner","attributeSet":"part"},
      {"value":"bare","fixedHeader":"inner"},
      {"value":"none"},
    ] },
  ],
  operations: [
    {"name":"get-it","request":22,"reply":20,"attributeSet":"main","fixedHeader":"header","do":{"request":{"attributes":["name"]},"reply":{"attributes":["name","level"]}},"dump":{"request":{"attributes":[]},"reply":{"attributes":["name","level"]}}},
    {"name":"set-it","request":23,"attributeSet":"main","fixedHeader":"header","do":{"request":{"attributes":["name","level"]}},"isPrivileged":true},
    {"name":"set-ntf","reply":20,"attributeSet":"main","fixedHeader":"header","notification":{"attributes":["name","level"]}},
  ],
  groups: [
    {"name":"ex-link","value":1},
    {"name":"nameless"},
  ],
}
