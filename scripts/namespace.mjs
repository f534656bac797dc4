/** @typedef {{ from: string, to: string }} Mount */

/**
 * Turns a command into one that runs as root in namespaces made for it: a network with nothing but
 * loopback, a process tree that ends with it, and its own UAPI sockets, named namespaces and their files.
 * No device made in there reaches a real network, and none of the machine's own devices is seen.
 *
 * @param {string[]} command
 * @param {Mount[]} [mounts] what is in the place of other files there
 * @returns {string[]}
 */
export function isolated(command, mounts = []) {
  const args = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const pairs = mounts.flatMap(({ from, to }) => [from, to])
  return ['unshare', ...args, 'sh', '-c', setUp, 'sh', `${mounts.length}`, ...pairs, ...command]
}

// The shell has to stay, as process 1, to reap what daemons leave: hence something after "$@".
const setUp = `
set -e
ip link set lo up
for directory in /var/run/wireguard /var/run/netns /etc/netns; do
  mkdir -p "$directory"
  mount -t tmpfs none "$directory"
done
mounts=$1
shift
while [ "$mounts" -gt 0 ]; do
  mount --bind "$1" "$2"
  shift 2
  mounts=$((mounts - 1))
done
"$@"
exit 0
`

/** What `isolated` needs from the machine. */
export const isolation = [
  { package: 'util-linux', command: 'unshare', why: 'gives tests a network of their own' },
  { package: 'iproute2', command: 'ip', why: 'makes links and namespaces' },
]
