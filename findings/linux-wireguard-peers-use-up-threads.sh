#!/usr/bin/env bash
# Linux 7.3.4-1~bpo13+1 (Debian 13, backports) with wireguard-tools 1.0.20210914-1+b1 and busybox-static
# 1:1.35.0-4+deb12u1+b1, as root on Debian 12, amd64, with qemu-system-x86, of whatever version.
#
# Each peer of a kernel device has a thread of its own (since Linux 6.16, and for half a year in the stable kernels), which
# counts against kernel.threads-max. When no thread is left no peer is refused and nothing is said: the peer has none, and
# /sys/class/net/wg0/threaded, which said 1, says 0 from then on, although the threads that there are stay and go on. So
# neither wg(8) nor that file tells that the peers of a VPN are why no program can be started any more. 0 written there,
# over the 0 that it says, takes them away.
#
# Seen: "threaded: 1; 400 peers where some 300 threads fit: status 0, threads: all taken, threaded: 0, peers: 400 with fewer threads,
#   0 written: none"
set -euo pipefail
command -v qemu-system-x86_64 > /dev/null || { echo 'it runs a kernel by qemu: apt-get install qemu-system-x86' >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
release=7.3.4+deb13-cloud-amd64
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] http://deb.debian.org/debian trixie-backports main" > sources.list
newer=(-o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache")
mkdir -p lists/partial cache/archives/partial
apt-get "${newer[@]}" -qq update 2> /dev/null
apt-get "${newer[@]}" download -qq linux-{binary,modules}-$release=7.3.4-1~bpo13+1 2> /dev/null
apt-get download -qq wireguard-tools=1.0.20210914-1+b1 busybox-static=1:1.35.0-4+deb12u1+b1 2> /dev/null
for package in *.deb; do dpkg -x "$package" root; done

mkdir -p image/{bin,modules,proc,sys,lib64}
cp root/bin/busybox root/usr/bin/wg image/bin
ldd root/usr/bin/wg | grep -o '/[^ ]*' | xargs -I@ cp --parents @ image
depmod -b root/usr $release 2> /dev/null
modprobe -d root/usr -S $release --show-depends wireguard | while read -r _ path _; do
  name=$(basename "${path%.xz}")
  xz -dc "$path" > "image/modules/$name"
  echo "insmod /modules/$name" >> image/load
done
for _ in $(seq 400); do
  printf '[Peer]\nPublicKey = %s\n' "$(head -c 32 /dev/urandom | base64)"
done > image/peers.conf

cat > image/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
. /load
ip link add wg0 type wireguard
read -r before < /sys/class/net/wg0/threaded
read -r _ _ _ load _ < /proc/loadavg
limit=$((${load#*/} + 300))
echo $limit > /proc/sys/kernel/threads-max
wg setconf wg0 /peers.conf
status=$?
# Nothing can be started here: what the shell does itself.
read -r _ _ _ load _ < /proc/loadavg
read -r after < /sys/class/net/wg0/threaded
echo 100000 > /proc/sys/kernel/threads-max
# wg itself has ended, and the kernel has some that come and go.
[ $((${load#*/} + 20)) -ge $limit ] && taken='all taken' || taken="$load of $limit"
peers=$(wg show wg0 peers | wc -l)
count() { cat /proc/[0-9]*/comm | grep -c napi/wg0; }
threads=$(count)
[ $threads -gt 200 ] && [ $threads -le 300 ] && threads='fewer threads'
echo 0 > /sys/class/net/wg0/threaded
sleep 2
left=$(count)
[ $left = 0 ] && left=none
echo "SEEN threaded: $before; 400 peers where some 300 threads fit: status $status, threads: $taken," \
  "threaded: $after, peers: $peers with $threads, 0 written: $left"
poweroff -f
SH
chmod +x image/init
(cd image && find . | ../root/bin/busybox cpio -o -H newc 2> /dev/null) > initramfs

vmlinuz=$(find root -name 'vmlinuz*' | head -1)
timeout 300 qemu-system-x86_64 -accel tcg -cpu max -m 1G -nodefaults -no-reboot -display none -serial stdio \
  -kernel "$vmlinuz" -initrd initramfs -append 'console=ttyS0 quiet panic=-1' > console 2>&1 || true
seen=$(tr -d '\r' < console | sed -n 's/^.*SEEN //p')
echo "$seen"

expected='threaded: 1; 400 peers where some 300 threads fit: status 0, threads: all taken, threaded: 0, peers: 400 with fewer threads, 0 written: none'
[ "$seen" = "$expected" ] || { tail -20 console >&2; echo 'it is otherwise now' >&2; exit 1; }
