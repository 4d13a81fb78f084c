#!/usr/bin/env bash
# executable_check.sh EXECUTABLE [RUNTIME]: tries a compiled midge as a user does. RUNTIME: the version of the Deno that
# it stands on, if that is not the pinned one.
set -euo pipefail
midge=$(realpath "$1") runtime=${2:-2.9.6}
work=$(mktemp -d)
broker=
trap '[[ -z $broker ]] || kill -KILL "$broker" 2>/dev/null || true; rm -rf "$work"' EXIT
conf=$work/m.conf
fail() { [[ ! -f $work/log ]] || cat "$work/log"; echo "$*"; exit 1; }

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}
start() {
  : >"$work/log"
  "$midge" -c "$conf" >"$work/log" 2>&1 &
  broker=$!
  for _ in $(seq 100); do
    ! grep -q '^Listening on' "$work/log" || return 0
    kill -0 "$broker" 2>/dev/null || { broker=; return 1; }
    sleep 0.1
  done
  fail "not started within 10 s"
}
stop() {
  kill -"$1" "$broker"
  local code=0
  wait "$broker" || code=$?
  broker=
  [[ $code == "$2" ]] || fail "SIG$1 ended it with exit code $code, not $2"
}

# What loads libraries when it is asked for: commander, hash-wasm in a worker, yaml and zod.
cd "$work"
"$midge" --version
"$midge" help >help.txt
grep -q '^Usage: midge' help.txt || fail "midge help"
"$midge" help passwd | grep -q argon2id || fail "midge help passwd"
"$midge" passwd -b -c passwd alice secret >/dev/null
"$midge" passwd -b -H argon2id passwd bob secret >/dev/null
# shellcheck disable=SC2016 # these are its $
grep -Fq 'bob:$argon2id$' passwd || fail "midge passwd -H argon2id"
port=$(free_port) websocket=$(free_port)
mkdir data www
echo 'it works' >www/index.html
cat >"$conf" <<EOF
user root
password_file $work/passwd
persistence true
persistence_location $work/data/
listener $port 127.0.0.1
allow_anonymous false
EOF
# Of node:http, node:tls and node:crypto older runtimes lack what WebSocket and TLS need.
minor=${runtime#2.}
is_current() { ((${minor%%.*} >= 9)); }
if is_current; then
  printf 'listener %s 127.0.0.1\nprotocol websockets\nhttp_dir %s\n' "$websocket" "$work/www" >>"$conf"
fi
"$midge" check "$conf" 2>/dev/null | grep -q ' is right: ' || fail "midge check"
cd - >/dev/null

start || fail "not started"
"$midge" health -c "$conf" >/dev/null || fail "midge health"
urls=("mqtt://127.0.0.1:$port")
! is_current || urls+=("ws://127.0.0.1:$websocket")
for url in "${urls[@]}"; do
  for user in alice bob; do
    timeout 30 npx -y deno@2.9.6 run --allow-net --allow-env --allow-read .ci/say_and_hear.ts "$url" $user secret ||
      fail "$user at $url"
  done
done
if is_current; then
  node -e "fetch('http://127.0.0.1:$websocket/').then(r => r.text()).then(t => process.exit(t === 'it works\n' ? 0 : 1))" ||
    fail "http_dir"
  login=(-h 127.0.0.1 -p "$port" -u alice -P secret)
  timeout 30 "$midge" pub "${login[@]}" -q 1 -r -t tools -m "as Mosquitto's" || fail "midge pub"
  [[ $(timeout 30 "$midge" sub "${login[@]}" -t tools -C 1 -W 20) == "as Mosquitto's" ]] || fail "midge sub"
else
  echo "left out: midge pub and sub, TLS, WebSocket and http_dir, because the base runtime here is too old (Deno $runtime)"
fi

if command -v mosquitto_pub >/dev/null; then
  peer=(-h 127.0.0.1 -p "$port" -u bob -P secret)
  ! mosquitto_pub -h 127.0.0.1 -p "$port" -u bob -P wrong -t a -m x 2>/dev/null || fail "a wrong password is let in"
  mosquitto_sub "${peer[@]}" -c -i keeper -q 1 -t 'kept/#' -E
  mosquitto_pub "${peer[@]}" -q 1 -t kept/queued -m queued
  mosquitto_pub "${peer[@]}" -q 1 -r -t retained -m retained
  stop KILL 137
  start || fail "not started after a kill"
  [[ $(mosquitto_sub "${peer[@]}" -c -i keeper -q 1 -t 'kept/#' -C 1 -W 10) == queued ]] || fail "a queued message is lost"
  [[ $(mosquitto_sub "${peer[@]}" -t retained -C 1 -W 10) == retained ]] || fail "a retained message is lost"
else
  echo "left out: mosquitto_pub and _sub are not there, for what outlives a kill"
fi
"$midge" backup -c "$conf" "$work/backup.db" >/dev/null || fail "midge backup"
kill -HUP "$broker"
for _ in $(seq 50); do ! grep -q 'that of the files now' "$work/log" || break; sleep 0.1; done
grep -q 'that of the files now' "$work/log" || fail "no reload"
stop TERM 0

if is_current; then
  new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  printf 'subjectAltName=DNS:localhost\n' >"$work/extensions"
  {
    openssl req -x509 "${new_key[@]}" -days 40 -subj /CN=authority -keyout "$work/ca.key" -out "$work/ca.pem"
    openssl req "${new_key[@]}" -subj /CN=localhost -keyout "$work/key.pem" -out "$work/request.pem"
    openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 40 \
      -extfile "$work/extensions" -out "$work/cert.pem"
  } 2>/dev/null
  port=$(free_port)
  printf 'user root\nallow_anonymous true\nlistener %s 127.0.0.1\ncertfile %s\nkeyfile %s\n' \
    "$port" "$work/cert.pem" "$work/key.pem" >"$conf"
  start || fail "not started with TLS"
  CAFILE=$work/ca.pem timeout 30 \
    npx -y deno@2.9.6 run --allow-net --allow-env --allow-read .ci/say_and_hear.ts "mqtts://localhost:$port" || fail "TLS"
  "$midge" health -c "$conf" >/dev/null || fail "midge health over TLS"
  stop TERM 0
fi

# Nobody holds its standard input any longer than a second.
sleep 1 | timeout 20 "$midge" start --ephemeral -q >"$work/line" || fail "midge start --ephemeral"
grep -Eq '^\{"midge":.*"port":[0-9]+' "$work/line" || fail "what --ephemeral says"
echo "started, published, heard, killed, started again with everything, stopped"
