#!/usr/bin/env bash
# Completions in a real bash: what Tab makes of a line. Arguments: the words that start midge (deno run -A main.ts).
set -euo pipefail

# shellcheck source=/dev/null
source <("$@" completions bash)

failed=0

# What is completed when the words $2… stand there and the cursor is behind the last: $1, separated by blanks.
completes() {
  local expected="$1"
  shift
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _midge
  local found="${COMPREPLY[*]}"
  if [[ "$found" != "$expected" ]]; then
    printf 'completions: %s: "%s", not "%s"\n' "$*" "$found" "$expected"
    failed=1
  fi
}

cd "$(mktemp -d)"
trap 'rm -r "$PWD"' EXIT
mkdir folder
touch file.conf

completes "retained" midge ret
completes "ls rm" midge retained ""
completes "--retain" midge pub --retain
completes "--retained-only --retain-as-published --retain-handling" midge sub --retain
completes "--remove-retained" midge sub --rem
completes "file.conf folder" midge sub --cafile f
completes "folder" midge sub --capath f
completes "" midge sub -t ""
completes "--yes" midge retained rm --y
completes "test" midge acl te
completes "bench" midge ben
completes "file.conf" midge check "fi"
completes "--config" midge start --con

((failed == 0)) && echo "completions: bash completes commands, options, files and folders"
exit "$failed"
