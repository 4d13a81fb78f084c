#!/usr/bin/env bash
# Compiles midge as it is released, as far as that can be done here, and tries the executable: starts it,
# publishes and subscribes, stops it. ../shared/denort says what this proves.
set -euo pipefail
compile=../shared/denort/compile
if [[ ! -x $compile ]]; then
  echo "left out: $compile is not there, and the base runtime of deno compile can't be downloaded here"
  exit 0
fi
work=$(mktemp -d)
trap 'kill "${broker:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
RUST_MIN_STACK=268435456 "$compile" "$work/midge" --quiet --no-lock --allow-net --allow-read --allow-write --allow-env --allow-sys \
  --include src/server/password_argon2_worker.ts --include src/store/store_worker.ts main.ts
"$work/midge" --version
"$work/midge" -p 0 >"$work/log" 2>&1 &
broker=$!
for _ in $(seq 100); do
  port=$(sed -n 's/.*Listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/log")
  [[ -n $port ]] && break
  sleep 0.1
done
[[ -n $port ]] || { cat "$work/log"; exit 1; }
npx -y deno@2.9.6 run --allow-net --allow-env --allow-read .ci/say_and_hear.ts "$port"
kill -TERM "$broker"
wait "$broker" || { cat "$work/log"; echo "did not end with exit code 0"; exit 1; }
echo "compiled, started, published, heard, stopped"
