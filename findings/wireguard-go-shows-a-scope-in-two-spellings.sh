#!/usr/bin/env bash
# wireguard-go 0.0.20260522-1 (Debian sid, whose --version says v0.0.20250522), with wireguard-tools 1.0.20210914-1+b1, as root
# on Debian 12, amd64.
#
# The endpoint of a peer with a link-local address has the scope that it was given: `get=1` shows the index where
# an index was set, and any text that is the name of no link, which is taken without a word. Once the peer was heard
# from it is the name of the link, so that who compares what is set with what is shown sees an endpoint that moved,
# for ever. wireguard-go 0.0.20220316 shows no scope, and refuses a name that no link has (errno -22).
#
# Seen: "status 0, no link: fe80::2%nowhere, set: fe80::2%<index>, heard from: fe80::2%cable"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq wireguard-tools=1.0.20210914-1+b1 2> /dev/null
newest=wireguard-go_0.0.20260522-1_amd64.deb
curl -fsSO "http://deb.debian.org/debian/pool/main/w/wireguard-go/$newest"
echo "12ed4b9ae95bc6b1918aa0269ec3df6e97f68f94213a4cb62411005dc8042adb  $newest" | sha256sum --check --quiet
for package in *.deb; do dpkg -x "$package" root; done

cat > ask.py <<'PY'
import base64, socket, subprocess, time

def ask(name, text):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f'/var/run/wireguard/{name}.sock')
    connection.sendall(text.encode())
    reply = b''
    while not reply.endswith(b'\n\n'):
        reply += connection.recv(65536)
    return dict(line.split('=', 1) for line in reply.decode().split())

def key(*command, given=None):
    out = subprocess.run(['wg', *command], input=given, capture_output=True, check=True, text=True).stdout.strip()
    return out, base64.b64decode(out).hex()

[(one, one_hex), (two, two_hex)] = [key('genkey'), key('genkey')]
publics = [key('pubkey', given=each)[1] for each in (one, two)]
index = str(socket.if_nametoindex('cable'))
ask('two', f'set=1\nprivate_key={two_hex}\nlisten_port=51802\npublic_key={publics[0]}\n\n')
ask('one', f'set=1\nprivate_key={one_hex}\nlisten_port=51801\n\n')

def shown():
    return ask('one', 'get=1\n\n')['endpoint'].removesuffix(']:51802').removeprefix('[').replace('%' + index, '%<index>')

def put(scope, more=''):
    return ask('one', f'set=1\npublic_key={publics[1]}\nendpoint=[fe80::2%{scope}]:51802\n{more}\n')['errno']

status = put('nowhere')
nowhere = shown()
put(index)
given = shown()
put(index, 'persistent_keepalive_interval=1\n')
for _ in range(300):
    if ask('one', 'get=1\n\n')['last_handshake_time_sec'] != '0' and shown() != given:
        break
    time.sleep(0.1)
print(f'status {status}, no link: {nowhere}, set: {given}, heard from: {shown()}')
PY
cat > run.sh <<'SH'
set -eu
PATH="$PWD/root/usr/bin:$PATH"
mkdir -p /var/run/wireguard /var/run/netns
mount -t tmpfs none /var/run/wireguard
mount -t tmpfs none /var/run/netns
ip netns add far
ip link add cable type veth peer name cable netns far
ip address add fe80::1/64 dev cable nodad
ip -n far address add fe80::2/64 dev cable nodad
ip link set cable addrgenmode none up
ip -n far link set cable addrgenmode none up
LOG_LEVEL=silent wireguard-go one > one.log 2>&1
LOG_LEVEL=silent ip netns exec far wireguard-go two > two.log 2>&1
ip link set one up
ip -n far link set two up
python3 ask.py
SH
seen=$(unshare --net --mount --pid --fork --kill-child --mount-proc sh run.sh)
echo "$seen"

expected='status 0, no link: fe80::2%nowhere, set: fe80::2%<index>, heard from: fe80::2%cable'
[ "$seen" = "$expected" ] || { echo 'it is otherwise now' >&2; exit 1; }
