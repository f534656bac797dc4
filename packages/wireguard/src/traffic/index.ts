export type { KeepLedgerOptions, LedgerKeeper } from './ledger-keeper.js'
export {
  type Traffic,
  type TrafficChange,
  TrafficLedger,
  type TrafficRecord,
} from './traffic-ledger.js'
