#!/bin/sh
# Process 1 of new namespaces, until systemd takes its place: the machine's files below an overlay, all else its own.
# boot.sh FOLDER [SOURCE TARGET]...: FOLDER is empty; what is found in FOLDER.files is laid over the root, and each SOURCE
# is shown at its TARGET.
set -eu
base=$1
shift
mount --make-rprivate /
mount -t tmpfs -o size=512m tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
root=$base/root

mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys" # the settings of the kernel are not ours to change
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/old"

# Nothing of the machine's own set-up: no disks to mount, no modules, no settings, no services.
: >"$root/etc/fstab"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
mkdir -p "$root/run/systemd/system"
for unit in systemd-sysctl systemd-modules-load systemd-remount-fs systemd-udevd systemd-udev-trigger \
  systemd-tmpfiles-setup-dev systemd-random-seed systemd-pstore systemd-timesyncd; do
  ln -s /dev/null "$root/run/systemd/system/$unit.service"
done
for unit in sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
  dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount sys-module-fuse.device; do
  ln -s /dev/null "$root/run/systemd/system/$unit"
done
cp -a "$base.files/." "$root/"
while [ $# -gt 1 ]; do
  mkdir -p "$root$2"
  mount --bind -o ro "$1" "$root$2"
  shift 2
done

cd "$root"
pivot_root . tmp/old
umount -l /tmp/old
mount --make-rshared / # else the folder of credentials stays empty
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=watcher-test \
  /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=no
