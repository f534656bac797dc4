import type { CallOptions, DeviceKind } from '@wgctrl/types'

/** What every call of the facade takes. */
export interface ClientCallOptions extends CallOptions {
  /** Asks this backend alone. Absent: the first that has the device. */
  readonly backend?: DeviceKind | undefined
}

/** What a reading of one device takes. */
export interface DeviceOptions extends ClientCallOptions {
  /**
   * Milliseconds: also takes a reading that is not older, such as that of a `watch`, and shares one that is
   * under way. A change made through this client ends it; one made by others is seen when it is too old.
   * Its peers are shared with others who get the same reading: they must not be changed, nor their
   * preshared keys wiped. A reading is kept a minute at most. Absent or 0: the device is read anew, for
   * this call alone.
   */
  readonly maxAge?: number | undefined
  /** `false`: without private key and preshared keys, which nobody can show by accident then. Absent: `true`. */
  readonly secrets?: boolean | undefined
}
