#!/bin/sh
# mosquitto_passwd is midge passwd, and so on: for `docker exec broker mosquitto_passwd …` and health checks.
exec /usr/bin/midge "${0##*/mosquitto_}" "$@"
