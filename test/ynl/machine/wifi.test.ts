import { afterAll, expect, it, vi } from 'vitest'
import { shell } from '../comparison.js'

const withStation = (name: string) =>
  expect.stringMatching(
    new RegExp(
      `^${name} \\(adhoc\\)\n  02(:[0-9a-f]{2}){5}: -\\d+ dBm, \\d+ s, \\d+ bytes in, \\d+ out$`,
    ),
  )

// Other tests find radios that nobody has changed.
afterAll(() => shell(['modprobe -r mac80211_hwsim']))

it('the example of wifi lists a station of each of two simulated radios that meet', async () => {
  shell([
    'modprobe -r mac80211_hwsim',
    'modprobe mac80211_hwsim radios=2',
    ...['wlan0', 'wlan1'].flatMap((name) => [
      `iw dev ${name} set type ibss`,
      `ip link set ${name} up`,
      // Of one cell by its name: two that begin at once each make their own, and 6.12 brought none together in two minutes.
      `iw dev ${name} ibss join wgctrl 2412 fixed-freq 02:00:5e:10:00:01`,
    ]),
  ])
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  const listed = async (): Promise<string[]> => {
    said.mockClear()
    vi.resetModules()
    await import('../../../examples/netlink-wifi-stations.js')
    // Each with its stations; which radio the kernel lists first is by chance.
    const lines = said.mock.calls.map(([line]) => String(line)).join('\n')
    return lines.split(/\n(?=\S)/).sort()
  }
  const meet = async () => expect(await listed()).toEqual(['wlan0', 'wlan1'].map(withStation))
  await vi.waitFor(meet, { timeout: 120_000, interval: 500 })
})
