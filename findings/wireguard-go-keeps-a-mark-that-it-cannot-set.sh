#!/usr/bin/env bash
# wireguard-go 0.0.20220316-1+b4 (Debian 12) and 0.0.20260522-1 (sid), strace 6.1-0.1, as root on Debian 12, amd64.
#
# A mark that the daemon may not set, as without CAP_NET_ADMIN (here setsockopt(2) fails with EPERM), is answered
# with errno -98, which is "address already in use": the protocol's code for a port is the one for a mark as well.
# And `get=1` shows the refused mark from then on, although no packet has it. The kernel refuses with EPERM, and
# keeps the old one.
#
# Seen, of both: "before: 5, answer: -98, after: 9"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
apt-get download -qq strace=6.1-0.1 wireguard-go=0.0.20220316-1+b4 2> /dev/null
newest=wireguard-go_0.0.20260522-1_amd64.deb
curl -fsSO "http://deb.debian.org/debian/pool/main/w/wireguard-go/$newest"
echo "12ed4b9ae95bc6b1918aa0269ec3df6e97f68f94213a4cb62411005dc8042adb  $newest" | sha256sum --check --quiet
for package in *.deb; do dpkg -x "$package" "${package%.deb}"; done

cat > ask.py <<'PY'
import socket, subprocess, sys

def ask(text):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect('/var/run/wireguard/one.sock')
    connection.sendall(text.encode())
    reply = b''
    while not reply.endswith(b'\n\n'):
        reply += connection.recv(65536)
    return dict(line.split('=', 1) for line in reply.decode().split())

strace, daemon = sys.argv[1:]
ask('set=1\nlisten_port=51801\nfwmark=5\n\n')
before = ask('get=1\n\n')['fwmark']
command = [strace, '-f', '-p', daemon, '-e', 'trace=setsockopt', '-e', 'inject=setsockopt:error=EPERM', '-o', '/dev/null']
with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
    while 'attached' not in tracer.stderr.readline():
        pass
    answer = ask('set=1\nfwmark=9\n\n')['errno']
    tracer.terminate()
print(f"before: {before}, answer: {answer}, after: {ask('get=1' + chr(10) * 2)['fwmark']}")
PY
cat > run.sh <<'SH'
set -eu
mkdir -p /var/run/wireguard
mount -t tmpfs none /var/run/wireguard
ip link set lo up
LOG_LEVEL=silent "$1/usr/bin/wireguard-go" -f one > daemon.log 2>&1 &
until ip link set one up 2> /dev/null; do sleep 0.1; done
until [ -S /var/run/wireguard/one.sock ]; do sleep 0.1; done
python3 ask.py strace_*/usr/bin/strace $!
SH
for daemon in wireguard-go_*/; do
  seen=$(unshare --net --mount --pid --fork --kill-child --mount-proc sh run.sh "${daemon%/}")
  echo "${daemon%_*}: $seen"
  [ "$seen" = 'before: 5, answer: -98, after: 9' ] || { echo 'it is otherwise now' >&2; exit 1; }
done
