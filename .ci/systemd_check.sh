#!/usr/bin/env bash
# The systemd unit and its drop-in, as systemd reads them, and how much of the system they leave open.
set -euo pipefail
# systemd's own measure, from 0 (closed) to 100 (open); what is left is the network, and ports below 1024.
threshold=20
if ! command -v systemd-analyze >/dev/null; then
  echo "left out: there is no systemd-analyze here (Debian's package systemd has it)"
  exit 0
fi
# systemd-analyze looks for programs, files and users as they will be: so in a root folder of its own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
units=$work/etc/systemd/system
mkdir -p "$units" "$work"/usr/bin "$work"/bin
cp config/systemd/midge.service "$units"
for program in usr/bin/midge bin/kill; do printf '#!/bin/sh\n' >"$work/$program"; chmod +x "$work/$program"; done
mkdir -p "$work"/lib/systemd/system
cp -r /lib/systemd/system/. "$work"/lib/systemd/system

# Its exit code is 0 for most of what it has found, so its words are what counts. No words is what we want.
verify() {
  local said
  said=$(systemd-analyze verify --root="$work" --man=no --recursive-errors=no "$units/midge.service" 2>&1) || true
  [[ -z $said ]] || { echo "$said"; return 1; }
}
verify
sed -i 's/^ExecStart=.*/ExecStart=\/usr\/bin\/nowhere/' "$units/midge.service"
! verify >/dev/null || { echo "systemd-analyze verify finds nothing, whatever is wrong"; exit 1; }
cp config/systemd/midge.service "$units"
mkdir "$units/midge.service.d"
cp config/systemd/mosquitto-files.conf "$units/midge.service.d"
verify
systemd-analyze security --offline=true --root="$work" --threshold=$threshold midge.service | tail -n 1
