#!/usr/bin/env bash
# build.sh EXECUTABLE VERSION ARCHITECTURE FOLDER: makes FOLDER/midge_VERSION_ARCHITECTURE.deb of an executable that
# is there: amd64 or arm64. What it installs:
#
#   /usr/bin/midge                       the executable, as it is: strip would cut off the program behind the runtime
#   /usr/lib/systemd/system              config/systemd/midge.service
#   /etc/midge/midge.yaml                config/midge.yaml with the folders of a service; /etc/default/midge
#   /usr/share/doc/midge                 license, changes, examples, documentation; and the manual page midge(1)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
[[ $# == 4 ]] || { echo "usage: build.sh EXECUTABLE VERSION ARCHITECTURE FOLDER" >&2; exit 3; }
executable=$1 version=$2 architecture=$3 folder=$4
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/CHANGELOG.md")}
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
doc=$tree/usr/share/doc/midge

install -D -m 755 "$executable" "$tree/usr/bin/midge"
install -D -m 644 "$root/config/systemd/midge.service" "$tree/usr/lib/systemd/system/midge.service"
install -D -m 644 "$here/default" "$tree/etc/default/midge"
install -d "$tree/etc/midge"
# shellcheck disable=SC2016 # $schema is itself
sed 's#^\(\s*directory:\) ./data#\1 /var/lib/midge#; s#^\(\s*format: text\b.*\)#\1\n  timestamp: false \# the journal has its own#; s# $schema=midge.schema.json# $schema=/usr/share/doc/midge/midge.schema.json#; s#\./passwd#/etc/midge/passwd#g; s#\./acl#/etc/midge/acl#g' \
  "$root/config/midge.yaml" >"$tree/etc/midge/midge.yaml"
for wanted in 'directory: /var/lib/midge' 'timestamp: false'; do
  grep -q "$wanted" "$tree/etc/midge/midge.yaml" || { echo "config/midge.yaml has changed: no \"$wanted\" comes of it" >&2; exit 1; }
done
install -D -m 644 "$here/copyright" "$doc/copyright"
{ echo; sed 's/^/    /' "$root/LICENSE"; } >>"$doc/copyright"
install -m 644 "$root/README.md" "$root/config/midge.schema.json" "$doc"
install -D -m 644 "$here/lintian-overrides" "$tree/usr/share/lintian/overrides/midge"
install -d "$tree/usr/share/man/man1"
sed "s/@VERSION@/$version/" "$here/midge.1" | gzip -9n >"$tree/usr/share/man/man1/midge.1.gz"
install -d "$doc/docs"
install -m 644 "$root"/docs/*.md "$doc/docs"
install -D -m 644 "$root/config/systemd/mosquitto-files.conf" "$doc/examples/mosquitto-files.conf"
install -D -m 644 "$root/config/mosquitto.conf" "$doc/examples/mosquitto.conf"
printf 'midge (%s) stable; urgency=medium\n\n  * See CHANGELOG.md of this version.\n\n -- midge <packages@midge.invalid>  %s\n' \
  "$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"

install -d "$tree/DEBIAN"
install -m 755 "$here/postinst" "$here/prerm" "$here/postrm" "$tree/DEBIAN"
printf '/etc/default/midge\n/etc/midge/midge.yaml\n' >"$tree/DEBIAN/conffiles"
sed "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$(du -sk --apparent-size --exclude=DEBIAN "$tree" | cut -f1)/" \
  "$here/control" >"$tree/DEBIAN/control"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' md5sum) >"$tree/DEBIAN/md5sums"
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$folder"
dpkg-deb --build --root-owner-group "-Z${DEB_COMPRESSION:-xz}" "$tree" "$folder/midge_${version}_$architecture.deb" >/dev/null
echo "$folder/midge_${version}_$architecture.deb"
