/** Set where the kernel has WireGuard: devices are its own there, and wireguard-go's elsewhere. */
export const isKernel = process.env.WGCTRL_KERNEL !== undefined

/** A virtual machine without acceleration, where everything takes ten times as long. */
export const isEmulated = isKernel && process.env.WGCTRL_KERNEL !== 'host'

/** Set by the tiers that are asked for: sizes and limits as they are promised. */
export const isLong = process.env.WGCTRL_EVENTS === 'long'

interface Sizes {
  /** Machines that come to a gateway which knows nobody, so many of them at once. */
  readonly clients: number
  readonly atOnce: number
  /** Peers that the gateway holds at most. */
  readonly maxPeers: number
  /** Milliseconds in which a first ping is answered, where a time is promised. A client tries again by itself after 5000. */
  readonly soon: number
  /** Machines that are measured with the device's own initiation and without. */
  readonly compared: number
  /** Milliseconds after which a peer that is not heard from goes; one that is, is heard in less. */
  readonly idle: number
  /** Forged initiations: how many a second, for how many seconds. */
  readonly flood: { readonly perSecond: number; readonly seconds: number }
  /** Milliseconds in which a first ping is answered meanwhile. */
  readonly soonInFlood: number
  /** Milliseconds that timers may be late meanwhile, at the 99th percentile. */
  readonly lateness: number
  /** Peers of a device that is watched, of which 100 change in a second. */
  readonly watchedPeers: number
  /** Looks at that device. */
  readonly looks: number
  /** What a look and telling of it may cost, in readings of the device. */
  readonly lookCost: number
  /** Looks over which memory stays as it is, at a device with so many peers, of which so many change each time. */
  readonly ticks: number
  readonly tickedPeers: number
  readonly perTick: number
  /** Devices that come and go. */
  readonly devices: number
}

/** For any machine that is busy with other things as well. */
const short: Sizes = {
  clients: 6,
  atOnce: 2,
  maxPeers: 3,
  soon: Number.POSITIVE_INFINITY,
  compared: 2,
  idle: 10_000,
  flood: { perSecond: 2000, seconds: 2 },
  soonInFlood: 60_000,
  lateness: 2000,
  watchedPeers: 2000,
  looks: 3,
  lookCost: 3,
  ticks: 20,
  tickedPeers: 200,
  perTick: 1,
  devices: 8,
}

/** What is promised, for a machine that is quiet. wireguard-go takes 65,536 peers. */
const long: Sizes = {
  clients: 50,
  atOnce: 5,
  maxPeers: 20,
  soon: 1000,
  compared: 10,
  idle: 3000,
  flood: { perSecond: 20_000, seconds: 6 },
  soonInFlood: 2000,
  lateness: 20,
  watchedPeers: isKernel ? 100_000 : 65_000,
  looks: 10,
  lookCost: 1.3,
  ticks: 1000,
  tickedPeers: 65_000,
  perTick: 100,
  devices: 100,
}

/**
 * One emulated processor has its hands full with one client at a time, and with what the kernel does
 * with a few hundred packets a second; it stands still for tens of milliseconds on its own.
 */
const emulatedShort: Sizes = {
  ...short,
  clients: 3,
  atOnce: 1,
  maxPeers: 2,
  compared: 1,
  idle: 15_000,
  flood: { perSecond: 100, seconds: 3 },
  watchedPeers: 500,
}

const emulatedLong: Sizes = {
  ...long,
  atOnce: 1,
  soon: 4000,
  idle: 15_000,
  flood: { perSecond: 100, seconds: 6 },
  soonInFlood: 10_000,
  lateness: 2000,
  looks: 3,
  // To read 100,000 peers a thousand times takes four hours there.
  tickedPeers: 200,
}

const sizesHere = (): Sizes => {
  if (isEmulated) return isLong ? emulatedLong : emulatedShort
  return isLong ? long : short
}

/** How much is tried here, and what it may take. */
export const sizes = sizesHere()
