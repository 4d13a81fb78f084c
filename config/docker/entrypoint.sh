#!/bin/sh
# Gives what is mounted at /mosquitto to the user mosquitto (or to PUID and PGID), and runs the command as that
# user, without any of root's powers. With `user:` in the compose file nothing is given to anybody.
set -e
if [ "$(id -u)" != 0 ]; then
  exec "$@"
fi
uid=${PUID:-1883}
gid=${PGID:-1883}
# What is mounted read-only stays whose it is.
chown -R -h "$uid:$gid" /mosquitto 2>/dev/null || true
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"
