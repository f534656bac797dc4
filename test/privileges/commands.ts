/** What a probe says that may do everything. */
export const everything = {
  keys: 'ok',
  'config text': 'ok',
  'config file': 'ok',
  'list kernel devices': 'ok',
  'list userspace devices': 'ok',
  "read root's device": 'ok',
  'make a device': 'ok',
  'configure it': 'ok',
  'read it': 'ok',
  'bring an interface up and down': 'ok',
  'remove it': 'ok',
}

export const NOBODY = 65_534

/** Commands that run what comes behind them with less than root has. */
export const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

export const withNothing = [
  ...asNobody,
  ...['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--'],
]

export const withNetAdmin = [
  ...asNobody,
  '--bounding-set=-all,+net_admin',
  ...['--inh-caps=-all,+net_admin', '--ambient-caps=-all,+net_admin', '--no-new-privs', '--'],
]

export const withReadOnlyRoot = [
  ...['unshare', '--mount', '--', 'sh', '-c'],
  'mount -o remount,ro,bind / && exec "$@"',
  'sh',
]
