#!/bin/sh
# boot.sh UNITS CHECKOUT NODE: becomes a systemd that knows the units in a folder and next to nothing
# else. It is the first process of a PID namespace, with mounts of its own: what a unit may see is made
# of them. The command is put where an installed one would be, since units hide /home, /root and /tmp.
set -e
units=$1 checkout=$2 node=$3
mount --make-rprivate /
mount -t proc proc /proc
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/wgctrl-units
mount -t tmpfs -o mode=755 tmpfs /run/wgctrl-units
cd /run/wgctrl-units
mkdir upper work generators
mount -t overlay -o lowerdir=/usr/local,upperdir=upper,workdir=work overlay /usr/local
mkdir -p /usr/local/bin /usr/local/lib/wgctrl
mount --bind "$checkout" /usr/local/lib/wgctrl
cat >/usr/local/bin/wgctrl <<END
#!/bin/sh
exec /usr/local/bin/node /usr/local/lib/wgctrl/packages/cli/dist/bin.cjs "\$@"
END
chmod 755 /usr/local/bin/wgctrl
if [ "$node" != /usr/local/bin/node ]; then
  : >/usr/local/bin/node
  mount --bind "$node" /usr/local/bin/node
fi
mkdir -p /run/systemd/system
cp -r "$units"/. /run/systemd/system/
for target in sysinit basic shutdown network rest; do
  printf '[Unit]\nDefaultDependencies=no\n' >/run/systemd/system/$target.target
done
export container=wgctrl SYSTEMD_UNIT_PATH=/run/systemd/system
export SYSTEMD_GENERATOR_PATH=$PWD/generators
cd /
exec /lib/systemd/systemd --system --unit=rest.target --log-target=console --show-status=no
