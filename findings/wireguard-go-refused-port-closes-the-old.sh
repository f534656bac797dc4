#!/usr/bin/env bash
# wireguard-go 0.0.20220316-1+b4 (Debian 12) and 0.0.20260522-1 (sid), wireguard-tools 1.0.20210914-1+b1, as root on
# Debian 12, amd64.
#
# A listen port that another socket has is refused (wg set: "Address already in use", status 1), as the kernel
# refuses it. But the kernel's device goes on with the port it had, while wireguard-go has closed it before it tried
# the other: the device shows port 0, its UDP sockets are gone, and what peers send is lost until somebody
# sets a port again. The peers and keys are all there, so nothing looks wrong.
#
# Seen, of both: "before: 51001, refused with status 1, after: 0, sockets on the old port: 0"
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
PATH="$PWD/$1/usr/bin:$(echo "$PWD"/wireguard-tools_*/usr/bin):$PATH"
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
expected='before: 51001, refused with status 1, after: 0, sockets on the old port: 0'
for daemon in wireguard-go_*/; do
  seen=$(unshare --net --mount --pid --fork --kill-child --mount-proc sh run.sh "${daemon%/}")
  echo "${daemon%_*}: $seen"
  [ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
done
