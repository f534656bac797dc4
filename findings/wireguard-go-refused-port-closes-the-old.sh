#!/usr/bin/env bash
# wireguard-go 0.0.20220316-1+b4 and wireguard-tools 1.0.20210914-1+b1 (Debian 12), as root.
#
# A listen port that another socket has is refused (wg set: "Address already in use", status 1), as the kernel
# refuses it. But the kernel's device goes on with the port it had, while wireguard-go has closed it before it tried
# the other: the device shows port 0, its UDP sockets are gone, and what peers send is lost until somebody
# sets a port again. The peers and keys are all there, so nothing looks wrong.
#
# Seen: "before: 51001, refused with status 1, after: 0, sockets on the old port: 0"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq wireguard-go=0.0.20220316-1+b4 wireguard-tools=1.0.20210914-1+b1 2> /dev/null
for package in *.deb; do dpkg -x "$package" root; done

cat > run.sh <<'SH'
set -eu
PATH="$PWD/root/usr/bin:$PATH"
mkdir -p /var/run/wireguard
mount -t tmpfs none /var/run/wireguard
ip link set lo up
for name in one two; do LOG_LEVEL=silent wireguard-go "$name" > daemon.log 2>&1; ip link set "$name" up; done
wg set one listen-port 51001
wg set two listen-port 51002
before=$(wg show one listen-port)
status=0
wg set one listen-port 51002 2> refusal || status=$?
echo "before: $before, refused with status $status, after: $(wg show one listen-port)," \
  "sockets on the old port: $(ss -Hlnu 'sport = :51001' | wc -l)"
SH
seen=$(unshare --net --mount --pid --fork --kill-child --mount-proc sh run.sh)
echo "$seen"

expected='before: 51001, refused with status 1, after: 0, sockets on the old port: 0'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
