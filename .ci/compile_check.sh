#!/usr/bin/env bash
# compile_check.sh [OUT]: compiles midge as it is released, as far as that can be done here, and has executable_check.sh
# try it. ../shared/denort says what this proves, and what it can't: its base runtime is older than the released one.
set -euo pipefail
out=${1:-}
compile=../shared/denort/compile
if [[ ! -x $compile ]]; then
  echo "left out: $compile is not there, and the base runtime of deno compile can't be downloaded here"
  exit 0
fi
deno() { npx -y deno@2.9.6 "$@"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
midge=$work/midge
fail() { echo "$*"; exit 1; }

mapfile -t flags < <(deno run --quiet --allow-read --allow-env config/release/compile.ts --print-flags)
RUST_MIN_STACK=268435456 "$compile" "$midge" --quiet --no-lock "${flags[@]}" --preload .ci/old_runtime.ts main.ts

# The released one is made by the pinned Deno: whether that puts in every library that src loads, it says itself.
cache=${DENORT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/midge-denort}
NO_COLOR=1 DENORT_BIN=$cache/base deno compile "${flags[@]}" --exclude-unused-npm --output "$work/released" main.ts >"$work/holds" 2>&1 ||
  fail "$(cat "$work/holds")"
rm "$work/released"
for library in $(grep -rhoE '(from|import\()\s*"[a-z][a-z0-9-]*"' src | grep -oE '"[^"]+"' | tr -d '"' | sort -u); do
  grep -q "── $library/" "$work/holds" || fail "the executable lacks $library"
done
! grep -qE '── (aedes|fast-check)/' "$work/holds" || fail "the executable holds the tests' libraries"

bash .ci/executable_check.sh "$midge" "$("$midge" --runtime)"
[[ -z $out ]] || cp "$midge" "$out"
