import type { Cases } from './case.js'
import { addresses } from './cases/addresses.js'
import { dnsAndMtu } from './cases/dns-mtu.js'
import { hookCases } from './cases/hooks.js'
import { panels } from './cases/panels.js'
import { peers } from './cases/peers.js'
import { providers } from './cases/providers.js'
import { routers } from './cases/routers.js'
import { saves } from './cases/saves.js'
import { spelling } from './cases/spelling.js'
import { tables } from './cases/tables.js'

/** All cases, by what they are about. */
export const corpus: Record<string, Cases> = {
  providers,
  routers,
  panels,
  spelling,
  addresses,
  peers,
  hooks: hookCases,
  tables,
  'dns-mtu': dnsAndMtu,
  saves,
}
