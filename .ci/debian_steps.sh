#!/bin/sh
# debian_steps.sh ARCHITECTURE: what .ci/debian_check.sh does in its copy of the system.
set -eu
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "$*"; exit 1; }
deb() { dpkg --force-confold -i "/var/tmp/midge_$1_$2.deb" >/var/tmp/log 2>&1 || { cat /var/tmp/log; fail "dpkg -i $1"; }; }

if ! dpkg -s adduser init-system-helpers >/dev/null 2>&1; then
  echo "left out: the installation, because adduser or init-system-helpers is not there"
  exit 0
fi
deb 0.0.1 "$1"
/usr/bin/midge --version >/dev/null || fail "/usr/bin/midge"
[ "$(id -gn midge)" = midge ] || fail "no user and group midge"
[ "$(stat -c '%U:%G %a' /etc/midge)" = "root:midge 2750" ] || fail "/etc/midge is $(stat -c '%U:%G %a' /etc/midge)"
[ -L /etc/systemd/system/multi-user.target.wants/midge.service ] || fail "the service is not enabled"
if [ "$(stat -c %s /usr/bin/midge)" -gt 1000000 ]; then
  setpriv --reuid midge --regid midge --clear-groups midge check /etc/midge/midge.yaml >/var/tmp/log 2>&1 ||
    grep -q '/var/lib/midge' /var/tmp/log || { cat /var/tmp/log; fail "the configuration that it brings along"; }
fi
echo '# changed by the operator' >>/etc/midge/midge.yaml
deb 0.0.2 "$1"
grep -q 'changed by the operator' /etc/midge/midge.yaml || fail "an upgrade has taken the operator's configuration away"
mkdir -p /var/lib/midge && touch /var/lib/midge/midge.db
dpkg -r midge >/dev/null 2>&1 || fail "dpkg -r"
[ ! -e /usr/bin/midge ] || fail "/usr/bin/midge is left"
[ -e /etc/midge/midge.yaml ] || fail "its removal has taken the configuration away"
[ -e /var/lib/midge/midge.db ] || fail "its removal has taken the store away"
dpkg -P midge >/dev/null 2>&1 || fail "dpkg -P"
[ ! -e /var/lib/midge ] && [ ! -e /etc/midge ] && [ ! -e /etc/default/midge ] || fail "a purge leaves something behind"
[ ! -e /etc/systemd/system/multi-user.target.wants/midge.service ] || fail "a purge leaves the service enabled"
