#!/usr/bin/env bash
# Real MQTT clients against a running broker. Installs what it lacks (Debian, as root), then hands
# over to main.py, which starts the broker, runs the scenarios and stops the broker again.
# See README.md beside this file.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
cache="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/midge-interop"
venv="$cache/venv"
# Deno's version where no `deno` is installed; the one CI uses.
deno_package="deno@2.9.6"

die() {
  printf 'interop: %s\n' "$*" >&2
  exit 2
}

missing_debian_packages() {
  { command -v mosquitto_pub && command -v mosquitto_sub && command -v mosquitto_rr; } >/dev/null ||
    printf 'mosquitto-clients '
  { command -v mosquitto || [[ -x /usr/sbin/mosquitto ]]; } >/dev/null || printf 'mosquitto '
  { command -v haproxy || [[ -x /usr/sbin/haproxy ]]; } >/dev/null || printf 'haproxy '
  command -v chromium >/dev/null || printf 'chromium '
  { command -v python3 && python3 -c 'import ensurepip, venv'; } >/dev/null 2>&1 ||
    printf 'python3-venv '
}

install_debian_packages() {
  local missing
  missing="$(missing_debian_packages)"
  [[ -n "$missing" ]] || return 0
  command -v apt-get >/dev/null || die "install $missing(or your system's names for them) first"
  ((EUID == 0)) || die "as root, first: apt-get install -y $missing"

  printf 'interop: installing %s\n' "$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # several words
  if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } \
    >"$cache/apt.log" 2>&1; then
    tail -n 20 "$cache/apt.log" >&2
    die "apt-get cannot install $missing"
  fi
  missing="$(missing_debian_packages)"
  [[ -z "$missing" ]] || die "installed, but the commands of $missing are not on the PATH"
}

# The copy of requirements.txt inside is written last, so an interrupted installation is repeated.
install_python_packages() {
  if cmp -s "$here/requirements.txt" "$venv/requirements.txt" &&
    "$venv/bin/python" -c 'import aiomqtt, paho.mqtt.client, pytest' 2>/dev/null; then
    return 0
  fi
  printf 'interop: making %s\n' "$venv"
  rm -rf "$venv"
  python3 -m venv "$venv" || die "cannot make $venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --requirement "$here/requirements.txt" || die "cannot install requirements.txt"
  cp "$here/requirements.txt" "$venv/requirements.txt"
}

# The path of the Deno executable itself: npx, and the `deno` that npm installs, are scripts that
# would stand between us and the broker's signals and exit code.
find_deno() {
  local deno
  if [[ -n "${DENO:-}" ]]; then
    deno="$DENO"
  elif command -v deno >/dev/null; then
    deno=deno
  elif command -v npx >/dev/null; then
    deno="npx -y $deno_package"
  else
    die "needs deno, or npx to fetch $deno_package; or set MIDGE_BROKER or MIDGE_PORT"
  fi
  # shellcheck disable=SC2086 # DENO may be several words
  $deno eval 'console.log(Deno.execPath())' || die "cannot run $deno"
}

mkdir -p "$cache"
exec 9>"$cache/lock" && flock 9 # two runs on one machine install once
install_debian_packages
install_python_packages
exec 9>&-

if [[ -z "${MIDGE_PORT:-}" && -z "${MIDGE_BROKER:-}" ]]; then
  deno="$(find_deno)"
  MIDGE_BROKER="$(printf '%q run --allow-net main.ts' "$deno")"
  export MIDGE_BROKER
fi
cd "$root"
# Password files go both ways between midge and Mosquitto, whichever broker the scenarios are run against.
if [[ $# -eq 0 ]]; then
  "$(find_deno)" run --quiet --allow-all tests/interop/passwd_round_trip.ts
  PATH="$PATH:/usr/sbin" "$(find_deno)" run --quiet --allow-all tests/interop/conf_differential.ts
  PATH="$PATH:/usr/sbin" "$(find_deno)" run --quiet --allow-all tests/interop/client_differential.ts
  bash tests/interop/completions.sh "$(find_deno)" run --quiet --allow-all main.ts
fi
export PYTHONDONTWRITEBYTECODE=1
# The example in docs for those who test against a broker of their own.
if [[ $# -eq 0 ]]; then
  MIDGE="$(printf '%q run --quiet --allow-net main.ts' "$(find_deno)")" \
    "$venv/bin/python" -m pytest --quiet -p no:cacheprovider docs/examples/test_broker.py
fi
exec "$venv/bin/python" "$here/main.py" "$@"
