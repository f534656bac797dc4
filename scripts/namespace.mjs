/**
 * Turns a command into one that runs as root in namespaces made for it: a network with nothing but
 * loopback, a process tree that ends with it, and its own UAPI sockets, named namespaces and their files.
 * No device made in there reaches a real network, and none of the machine's own devices is seen.
 *
 * @param {string[]} command
 * @returns {string[]}
 */
export function isolated(command) {
  const args = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  return ['unshare', ...args, 'sh', '-c', setUp, 'sh', ...command]
}

// The shell has to stay, as process 1, to reap what daemons leave: hence something after "$@".
const setUp = `
set -e
ip link set lo up
for directory in /var/run/wireguard /var/run/netns /etc/netns; do
  mkdir -p "$directory"
  mount -t tmpfs none "$directory"
done
"$@"
exit 0
`

/** What `isolated` needs from the machine. */
export const isolation = [
  { package: 'util-linux', command: 'unshare', why: 'gives tests a network of their own' },
  { package: 'iproute2', command: 'ip', why: 'makes links and namespaces' },
]
