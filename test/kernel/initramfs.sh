#!/bin/busybox sh
# For kernels that have virtiofs as modules: load them, mount the host's root and go on to init.sh.
# The kernel hands unknown `name=value` words of its command line to the first process as environment.
# Whatever fails here ends the first process, which the kernel answers with a panic, which is reported.
while read -r module; do
  busybox insmod "/modules/$module" || exit 1
done </modules/order
busybox mount -t virtiofs -o ro root /root || exit 1
exec busybox switch_root /root "$WGCTRL_INIT"
