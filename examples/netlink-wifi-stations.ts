// Lists who is connected to each wifi interface of this machine, and how well. The kernel's own spec of nl80211 has no
// stations yet: what is needed stands here.
import { WireGuardError } from '@wgctrl/types'
import { type Family, openFamily, readSpec } from '@wgctrl/ynl'

/** @source linux/nl80211.h */
const spec = readSpec(`
name: nl80211
protocol: genetlink-legacy
definitions:
  - name: iftype
    type: enum
    entries: [ unspecified, adhoc, station, ap ]
attribute-sets:
  - name: nl80211-attrs
    attributes:
      - { name: ifindex, type: u32, value: 3 }
      - { name: ifname, type: string }
      - { name: iftype, type: u32, enum: iftype }
      - { name: mac, type: binary, display-hint: mac }
      - { name: sta-info, type: nest, nested-attributes: sta-info, value: 21 }
  - name: sta-info
    attributes:
      - { name: inactive-time, type: u32 }
      - { name: signal, type: s8, value: 7 }
      - { name: connected-time, type: u32, value: 16 }
      - { name: rx-bytes64, type: u64, value: 23 }
      - { name: tx-bytes64, type: u64 }
operations:
  enum-model: directional
  list:
    - name: get-interface
      attribute-set: nl80211-attrs
      dump:
        request: { value: 5 }
        reply: { value: 7, attributes: [ ifindex, ifname, iftype ] }
    - name: get-station
      attribute-set: nl80211-attrs
      dump:
        request: { value: 17, attributes: [ ifindex ] }
        reply: { value: 19, attributes: [ mac, sta-info ] }
`)

interface Interface {
  ifindex?: number
  ifname?: string
  iftype: string | number
}

interface Station {
  mac: string
  /** dBm, seconds and bytes. */
  staInfo: { signal?: number; connectedTime?: number; rxBytes64?: bigint; txBytes64?: bigint }
}

const wifi = await openWifi()
if (wifi) {
  await showStations(wifi)
  await wifi.close()
}

async function openWifi(): Promise<Family | undefined> {
  try {
    return await openFamily(spec)
  } catch (error) {
    if (!(error instanceof WireGuardError) || error.code !== 'ENOENT') throw error
    console.log(`${error.message}: it has no wifi. A radio that the kernel simulates makes some:`)
    console.log('  modprobe mac80211_hwsim radios=2')
    return undefined
  }
}

async function showStations(family: Family): Promise<void> {
  const interfaces = await family.dump<Interface>('get-interface').toArray()
  if (interfaces.length === 0) console.log('there is no wifi interface')
  for (const { ifindex, ifname, iftype } of interfaces) {
    console.log(`${ifname} (${iftype})`)
    for await (const { mac, staInfo } of family.dump<Station>('get-station', { ifindex })) {
      const { signal, connectedTime, rxBytes64, txBytes64 } = staInfo
      console.log(
        `  ${mac}: ${signal} dBm, ${connectedTime} s, ${rxBytes64} bytes in, ${txBytes64} out`,
      )
    }
  }
}
