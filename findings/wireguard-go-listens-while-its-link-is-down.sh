#!/usr/bin/env bash
# wireguard-go 0.0.20220316-1+b4 (Debian 12) and 0.0.20260522-1 (sid), wireguard-tools 1.0.20210914-1+b1, as root on
# Debian 12, amd64. The kernel has a part in it, for it decides what tun answers to an empty write: seen on Linux 6.18.44.
#
# "ip link set wg0 down" makes a kernel device close its UDP sockets: it answers nobody, and its port is free for others.
# wireguard-go asks for the link's state too, but the write that it asks with is refused alike (EINVAL) whether the link is
# up or down, and it passes over the messages of rtnetlink that say "down". So it listens from its start on, before
# anybody sets the link up, and goes on when the link is down: it shakes hands, peers take it for alive, and its port
# stays taken.
#
# Seen, of both: "never up: shakes hands, 2 sockets; up and down again: shakes hands, 2 sockets"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq wireguard-go=0.0.20220316-1+b4 wireguard-tools=1.0.20210914-1+b1 2> /dev/null
newest=wireguard-go_0.0.20260522-1_amd64.deb
curl -fsSO "http://deb.debian.org/debian/pool/main/w/wireguard-go/$newest"
echo "12ed4b9ae95bc6b1918aa0269ec3df6e97f68f94213a4cb62411005dc8042adb  $newest" | sha256sum --check --quiet
for package in *.deb; do dpkg -x "$package" "${package%.deb}"; done

cat > run.sh <<'SH'
set -eu
umask 077
PATH="$PWD/$1/usr/bin:$(echo "$PWD"/wireguard-tools_*/usr/bin):$PATH"
mkdir -p /var/run/wireguard
mount -t tmpfs none /var/run/wireguard
ip link set lo up
for name in caller asked; do
  LOG_LEVEL=silent wireguard-go "$name" > daemon.log 2>&1
  wg genkey > "$name.key"
done
caller=$(wg pubkey < caller.key)
asked=$(wg pubkey < asked.key)
wg set caller private-key caller.key
wg set asked private-key asked.key listen-port 51002
ip address add 10.0.0.1/24 dev caller
ip link set caller up

# Peers who have never met: each call begins with a handshake.
call() {
  wg set caller peer "$asked" remove
  wg set asked peer "$caller" remove
  wg set asked peer "$caller" allowed-ips 10.0.0.1/32
  wg set caller peer "$asked" allowed-ips 10.0.0.2/32 endpoint 127.0.0.1:51002
  echo > /dev/udp/10.0.0.2/9
  for _ in $(seq 30); do
    sleep 0.1
    [ "$(wg show caller latest-handshakes | cut -f 2)" = 0 ] || { echo -n 'shakes hands'; return; }
  done
  echo -n 'no answer'
}
sockets() { echo -n "$(ss -Hlnu 'sport = :51002' | wc -l) sockets"; }
echo -n "never up: $(call), $(sockets); "
ip link set asked up
sleep 2
ip link set asked down
sleep 2
echo "up and down again: $(call), $(sockets)"
SH
echo "Linux $(uname -r)"
expected='never up: shakes hands, 2 sockets; up and down again: shakes hands, 2 sockets'
for daemon in wireguard-go_*/; do
  seen=$(unshare --net --mount --pid --fork --kill-child --mount-proc bash run.sh "${daemon%/}")
  echo "${daemon%_*}: $seen"
  [ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
done
