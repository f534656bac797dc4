#!/bin/busybox sh
# The guest's first process. The runner puts a copy into its run folder, next to `settings` (shell
# variables) and `command`; the root file system is the host's, read-only. Under emulation busybox's
# commands start in a tenth of the time that linked programs take, and its shell prefers them to PATH.
# A step that fails ends this process, which the kernel answers with a panic, which is reported.
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. "${0%/*}/settings"

# By its path: the shell starts its commands as /proc/self/exe, and until now /proc is the host's, where
# "self" is virtiofsd.
/bin/busybox mount -t proc proc /proc
mount -t sysfs sys /sys
grep -q "^dev" /proc/mounts || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr

mount -t tmpfs -o mode=755 run /run
[ -L /var/run ] || mount --bind /run /var/run
machine=/run/wgctrl
mkdir -p $machine/host $machine/run /run/lock /run/netns /run/wireguard
# The whole of the host once more, so that it stays in reach under what is mounted over /tmp.
mount --bind / $machine/host
mount -t virtiofs run $machine/run

mount --bind "$machine/host$modules" /lib/modules
/sbin/modprobe -a overlay wireguard tun veth dummy
chmod 666 /dev/net/tun

# overlay NAME FOLDER: the host's folder, writable; what is written is gone with the machine.
overlay() {
  lower=$machine/host$2 upper=$machine/writes/$1 work=$machine/work/$1
  mkdir -p "$2" $upper $work
  chown "$(stat -c %u:%g "$lower")" $upper
  chmod "$(stat -c %a "$lower")" $upper
  mount -t overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" overlay "$2"
}
overlay tmp /tmp
overlay checkout "$checkout"
mkdir -p "$results"
mount -t virtiofs results "$results"

echo wgctrl >/proc/sys/kernel/hostname
mkdir -p /tmp/home
ip link set lo up
# As systemd has it; a process that needs more than 1,024 files raises its own soft limit.
ulimit -Hn 524288

# The output goes through a pipe, not straight to the file: programs reopen /dev/stdout, and what
# reopens a file may truncate it.
mkfifo $machine/output
cat $machine/output >>$machine/run/output &
reader=$!
: >$machine/run/started
status=0
/bin/sh $machine/run/command >$machine/output 2>&1 </dev/null || status=$?

# A daemon the command left behind may hold the pipe open: without this the reader never ends.
for process in /proc/[0-9]*; do
  process=${process#/proc/}
  [ "$process" = 1 ] || [ "$process" = $reader ] || kill -9 "$process" 2>/dev/null || true
done
wait $reader
sync
echo $status >$machine/run/status.new
mv $machine/run/status.new $machine/run/status
echo o >/proc/sysrq-trigger
sleep 60
