#!/usr/sbin/busybox sh
# shellcheck shell=dash
# The machine's first program: file systems, then /job/script with its arguments, whose output goes to the
# second serial port and its exit code to the third; what it left in /out goes to the disk as a tar file.
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mkdir -p /run/netns /run/lock
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ln -sf /proc/self/fd /dev/fd
for port in ttyS1 ttyS2; do stty -F /dev/$port raw -echo 115200; done
hostname vm
ip link set lo up
. /job/environment
cd /job || exit
# The arguments stand one a line.
set --
while IFS= read -r argument; do set -- "$@" "$argument"; done </job/arguments
setsid bash /job/script "$@" </dev/null >/dev/ttyS1 2>&1
status=$?
modprobe -a virtio_pci virtio_blk
waited=0
while [ ! -b /dev/vda ] && [ $waited -lt 50 ]; do
  sleep 0.1
  waited=$((waited + 1))
done
tar -C /out -cf /dev/vda . && sync
echo "status $status" >/dev/ttyS2
# Both lines must be empty before the power goes.
stty -F /dev/ttyS1 -a >/dev/null
sleep 0.1
reboot -f
