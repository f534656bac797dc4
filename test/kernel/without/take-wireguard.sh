#!/bin/sh
# Takes WireGuard from the kernel that is running, for good, and runs a command there. For a virtual
# machine alone: on a host, it would take the tunnels of the whole system down.
#   take-wireguard.sh COMMAND [ARGUMENT...]
set -e
if [ ! -d /run/wgctrl/host ]; then
  echo "this is not the virtual machine of test/kernel" >&2
  exit 1
fi
modprobe -r wireguard
echo /bin/false >/proc/sys/kernel/modprobe
exec "$@"
