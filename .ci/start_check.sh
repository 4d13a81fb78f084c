#!/usr/bin/env bash
# Starts the broker with the README's own command, says and hears something over it, and ends it in order.
set -euo pipefail

# The process at the end of the line that begins with process $1: others like it may run on this machine.
deepest_child() {
  local child
  child=$(pgrep -P "$1" | tail -n 1) || { echo "$1"; return; }
  deepest_child "$child"
}

log=$(mktemp)
npx -y deno@2.9.6 task start -p 0 >"$log" 2>&1 &
starter=$!
# The task and npx stand between us and the broker: whatever happens, end all of them.
trap 'pkill -P "$starter" 2>/dev/null || true; kill "$starter" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 300); do
  port=$(sed -n 's/.*Listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log")
  [[ -n $port ]] && break
  kill -0 "$starter" 2>/dev/null || { cat "$log"; exit 1; }
  sleep 0.1
done
[[ -n $port ]] || { cat "$log"; echo "no port within 30 s"; exit 1; }
npx -y deno@2.9.6 run --allow-net --allow-env --allow-read .ci/say_and_hear.ts "$port"
kill -TERM "$(deepest_child "$starter")"
wait "$starter" || { cat "$log"; echo "did not end with exit code 0"; exit 1; }
cat "$log"
