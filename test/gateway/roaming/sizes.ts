/** How many roam and for how long, in seconds, and what happens meanwhile. */
interface Sizes {
  readonly clients: number
  readonly seconds: number
  /** Seconds between the moves of a client, at least and at most. */
  readonly stay: readonly [number, number]
  /** What is done to the fleet: when it begins and how long it lasts, in seconds. */
  readonly faults: readonly (readonly [Fault, number, number])[]
}

/** `service`: a gateway's process is killed. `machine`: its device as well. `clients` and `control`: a link is cut. */
export type Fault = 'service' | 'machine' | 'nats' | 'clients' | 'control'

/** The five minutes that are promised, or half a minute. */
export const sizes: Sizes =
  process.env['WGCTRL_ROAMING'] === 'long'
    ? {
        clients: 50,
        seconds: 300,
        stay: [2, 10],
        faults: [
          ['service', 20, 5],
          ['control', 45, 8],
          ['nats', 70, 6],
          ['clients', 95, 6],
          ['machine', 120, 5],
          ['control', 150, 1.5],
          ['nats', 175, 12],
          ['service', 210, 1],
          ['clients', 235, 12],
          ['control', 265, 5],
        ],
      }
    : {
        clients: 8,
        seconds: 36,
        stay: [1, 4],
        faults: [
          ['service', 4, 2],
          ['nats', 13, 3],
          ['control', 23, 5],
        ],
      }
