#!/usr/bin/env bash
# iproute2 6.1.0-3 (Debian 12), as root.
#
# In `ip -j rule` a rule that is inverted ("not fwmark 51820") has the member "not" with the value null, and any
# other rule has no such member. A program that reads it as a truth value (if (rule.not), rule.get("not")), or drops
# members that are null, takes the rule for its opposite; only asking whether the member is there tells them
# apart. This is the rule that wg-quick(8) makes for a default route.
#
# Seen: [{"priority":100,"not":null,"src":"all","fwmark":"0xca6c","table":"51820"}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq iproute2=6.1.0-3 2> /dev/null
dpkg -x iproute2_*.deb root

seen=$(unshare --net sh -c '
  PATH="$PWD/root/bin:$PWD/root/sbin:$PATH"
  ip rule add priority 100 not fwmark 51820 table 51820
  ip -j rule show priority 100')
echo "$seen"

expected='[{"priority":100,"not":null,"src":"all","fwmark":"0xca6c","table":"51820"}]'
[ "$(echo $seen)" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
