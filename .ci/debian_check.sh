#!/usr/bin/env bash
# debian_check.sh [EXECUTABLE]: makes the Debian package, of a stand-in if there is no executable, and installs,
# upgrades, removes and purges it in a copy of this system that is gone afterwards (an overlay).
set -euo pipefail
executable=${1:-}
if ! command -v dpkg-deb >/dev/null; then
  echo "left out: there is no dpkg-deb here"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ -z $executable ]]; then
  echo "the package is made of a stand-in, because there is no executable"
  executable=$work/stand-in
  printf '#!/bin/sh\necho midge version 0\n' >"$executable"
fi
export DEB_COMPRESSION=none # what is to be seen here does not need the minutes that xz takes
architecture=$(dpkg --print-architecture)
for version in 0.0.1 0.0.2; do
  config/debian/build.sh "$executable" "$version" "$architecture" "$work" >/dev/null
done
package=$work/midge_0.0.2_$architecture.deb
cp "$package" "$work/first"
config/debian/build.sh "$executable" 0.0.2 "$architecture" "$work" >/dev/null
cmp -s "$package" "$work/first" || { echo "the same package comes out otherwise the second time"; exit 1; }

dpkg-deb --contents "$package" | awk '{ print $1, $2, $6 }' >"$work/contents"
for line in "-rwxr-xr-x root/root ./usr/bin/midge" "-rw-r--r-- root/root ./usr/lib/systemd/system/midge.service" \
  "-rw-r--r-- root/root ./etc/midge/midge.yaml" "-rw-r--r-- root/root ./usr/share/doc/midge/copyright"; do
  grep -Fxq -- "$line" "$work/contents" || { echo "no $line in:"; cat "$work/contents"; exit 1; }
done

inside() {
  set -euo pipefail
  mount -t tmpfs tmpfs "$work/overlay"
  mkdir "$work"/overlay/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$work/overlay/upper,workdir=$work/overlay/work" "$work/overlay/root"
  mount --bind /proc "$work/overlay/root/proc" # where the executable finds itself
  cp "$work"/midge_0.0.*.deb "$work/overlay/root/var/tmp/"
  cp .ci/debian_steps.sh "$work/overlay/root/var/tmp/"
  chroot "$work/overlay/root" sh /var/tmp/debian_steps.sh "$architecture"
}
export -f inside
export work architecture
mkdir "$work/overlay"
# shellcheck disable=SC2016 # the inner shell has $work, too
if ((EUID != 0)) || ! unshare -m bash -c 'mount -t tmpfs tmpfs "$work/overlay" && mkdir "$work"/overlay/{u,w,r} &&
  mount -t overlay overlay -o "lowerdir=/,upperdir=$work/overlay/u,workdir=$work/overlay/w" "$work/overlay/r"' 2>/dev/null; then
  echo "made; left out: its installation, which needs root and an overlay file system"
  exit 0
fi
unshare -m bash -c inside
echo "made, installed, upgraded, removed, purged"
