#!/usr/bin/env bash
# container_check.sh [EXECUTABLE]: what the container image does at its start, without a container: its entry point
# in a folder of its own, as root and as another user, with midge itself if there is an executable.
set -euo pipefail
executable=${1:-}
if ((EUID != 0)) || ! command -v setpriv >/dev/null; then
  echo "left out: needs root and setpriv"
  exit 0
fi
work=$(mktemp -d)
broker=
trap '[[ -z $broker ]] || kill -KILL "$broker" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
fail() { [[ ! -f $work/log ]] || cat "$work/log"; echo "$*"; exit 1; }

mkdir -p "$work"/mosquitto/{config,data,log}
for name in entrypoint.sh mosquitto.conf mosquitto-no-auth.conf mosquitto-tool.sh; do
  sed "s#/mosquitto\b#$work/mosquitto#g; s#/usr/bin/midge#$work/midge#" "config/docker/$name" >"$work/$name"
done
chmod 755 "$work"/*.sh
cp "$work/mosquitto.conf" "$work/mosquitto/config/"
entry=$work/entrypoint.sh

[[ $(bash -c "$entry id -u; $entry id -g; $entry id -G") == $'1883\n1883\n1883' ]] || fail "not run as 1883: $($entry id)"
[[ $(stat -c %u:%g "$work"/mosquitto/data) == 1883:1883 ]] || fail "the data is not given to 1883"
[[ $(PUID=1234 PGID=1235 "$entry" sh -c 'id -u; id -g') == $'1234\n1235' ]] || fail "PUID and PGID are not used"
[[ $(stat -c %u:%g "$work"/mosquitto/data) == 1234:1235 ]] || fail "the data is not given to PUID and PGID"
[[ $("$entry" grep CapBnd /proc/self/status) == *0000000000000000 ]] || fail "it keeps powers of root"
[[ $(setpriv --reuid 4321 --regid 4321 --clear-groups "$entry" id -u) == 4321 ]] || fail "another user is not left alone"
[[ $(stat -c %u "$work"/mosquitto/data) == 1883 ]] || fail "another user has changed owners"

if [[ -z $executable ]]; then
  echo "left out: midge itself in there, because there is no executable"
else
  cp "$executable" "$work/midge" # its own folder may be closed to other users
  ln -s "$work/mosquitto-tool.sh" "$work/mosquitto_passwd"
  "$entry" "$work/mosquitto_passwd" -b -c "$work/mosquitto/config/passwd" alice secret >/dev/null
  grep -q '^alice:' "$work/mosquitto/config/passwd" || fail "mosquitto_passwd"
  port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close() })')
  printf 'listener %s\npassword_file %s/config/passwd\n' "$port" "$work/mosquitto" >>"$work/mosquitto/config/mosquitto.conf"
  "$entry" "$work/midge" -c "$work/mosquitto/config/mosquitto.conf" >"$work/log" 2>&1 &
  broker=$!
  for _ in $(seq 100); do
    ! "$work/midge" health -c "$work/mosquitto/config/mosquitto.conf" >/dev/null 2>&1 || break
    kill -0 "$broker" 2>/dev/null || fail "not started"
    sleep 0.1
  done
  "$work/midge" health -c "$work/mosquitto/config/mosquitto.conf" >/dev/null || fail "not healthy"
  [[ $(stat -c %u "/proc/$broker") == 1883 ]] || fail "midge is not run as 1883"
  [[ $(stat -c %u "$work"/mosquitto/data/*.db) == 1883 ]] || fail "no store of the user's in /mosquitto/data"
  kill -TERM "$broker"
  wait "$broker" || fail "did not end with exit code 0"
  broker=
fi
echo "the entry point gives the folders to the user, drops root's powers, and runs the command"
