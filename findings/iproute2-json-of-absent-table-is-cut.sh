#!/usr/bin/env bash
# iproute2 6.1.0-3 (Debian 12), as root.
#
# `ip -j route show table N` of a table that has no routes prints no empty array: it prints "[" alone and ends with
# status 2, since the kernel refuses to dump a table that is not there. What was printed is no JSON. The
# table 51820 of wg-quick(8) is such a table whenever no tunnel with a default route is up. `ip -j rule show` for
# the same table prints "[]" and ends with status 0.
#
# Seen: routes "[" and status 2, rules "[]" and status 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq iproute2=6.1.0-3 2> /dev/null
dpkg -x iproute2_*.deb root

seen=$(unshare --net sh -c '
  PATH="$PWD/root/bin:$PWD/root/sbin:$PATH"
  ip link set lo up
  status=0; routes=$(ip -j route show table 51820 2> errors) || status=$?
  printf "routes \"%s\" and status %s, " "$routes" $status
  status=0; rules=$(ip -j rule show table 51820 2> errors) || status=$?
  printf "rules \"%s\" and status %s\n" $(echo "$rules") $status')
echo "$seen"

expected='routes "[" and status 2, rules "[]" and status 0'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
