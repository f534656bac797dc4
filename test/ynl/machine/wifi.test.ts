import { expect, it, vi } from 'vitest'
import { shell } from '../comparison.js'

const STATION = expect.stringMatching(
  /^ {2}02(:[0-9a-f]{2}){5}: -\d+ dBm, \d+ s, \d+ bytes in, \d+ out$/,
)

it('the example of wifi lists a station of each of two simulated radios', async () => {
  shell([
    'modprobe mac80211_hwsim radios=2',
    ...['wlan0', 'wlan1'].flatMap((name) => [
      `iw dev ${name} set type ibss`,
      `ip link set ${name} up`,
      `iw dev ${name} ibss join wgctrl 2412`,
    ]),
  ])
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  await vi.waitFor(async () => {
    said.mockClear()
    vi.resetModules()
    await import('../../../examples/netlink-wifi-stations.js')
    const lines = said.mock.calls.map(([line]) => String(line))
    expect(lines).toEqual(['wlan0 (adhoc)', STATION, 'wlan1 (adhoc)', STATION])
  })
})
