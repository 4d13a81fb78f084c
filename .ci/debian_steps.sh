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
units=/etc/systemd/system
rm -f $units/mosquitto.service $units/multi-user.target.wants/mosquitto.service

deb 0.0.1 "$1"
/usr/bin/midge --version >/dev/null || fail "/usr/bin/midge"
[ "$(id -gn midge)" = midge ] || fail "no user and group midge"
[ "$(stat -c '%U:%G %a' /etc/midge)" = "root:midge 2750" ] || fail "/etc/midge is $(stat -c '%U:%G %a' /etc/midge)"
[ -L $units/multi-user.target.wants/midge.service ] || fail "the service is not enabled"
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
for left in /var/lib/midge /etc/midge /etc/default/midge; do
  [ ! -e "$left" ] || fail "a purge leaves $left behind"
done
[ ! -e $units/multi-user.target.wants/midge.service ] || fail "a purge leaves the service enabled"

# Where Mosquitto is a service, it stays until somebody decides otherwise, as docs/coming-from-mosquitto.md says.
command -v systemctl >/dev/null || { echo "left out: beside Mosquitto's service, because systemctl is not there"; exit 0; }
printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >/usr/lib/systemd/system/mosquitto.service
ln -s /usr/lib/systemd/system/mosquitto.service $units/multi-user.target.wants/
for version in 0.0.1 0.0.2; do
  deb $version "$1"
  [ ! -e $units/multi-user.target.wants/midge.service ] || fail "$version is enabled beside Mosquitto's service"
done
rm $units/multi-user.target.wants/mosquitto.service
mkdir -p $units/midge.service.d
cp /usr/share/doc/midge/examples/mosquitto-files.conf $units/midge.service.d/
systemctl enable midge >/dev/null 2>&1 || fail "systemctl enable midge"
[ "$(readlink $units/mosquitto.service)" = /lib/systemd/system/midge.service ] ||
  [ "$(readlink $units/mosquitto.service)" = /usr/lib/systemd/system/midge.service ] || fail "midge does not go by Mosquitto's name"
deb 0.0.1 "$1"
[ -e $units/multi-user.target.wants/midge.service ] || fail "an upgrade disables midge"
[ -L $units/mosquitto.service ] || fail "an upgrade takes Mosquitto's name from midge"
dpkg -r midge >/dev/null 2>&1
[ ! -L $units/mosquitto.service ] || fail "its removal hides Mosquitto's service"
deb 0.0.2 "$1"
[ -L $units/mosquitto.service ] || fail "installed again midge does not go by Mosquitto's name"
systemctl disable midge >/dev/null 2>&1 || fail "systemctl disable midge"
[ ! -L $units/mosquitto.service ] || fail "midge keeps Mosquitto's name"
