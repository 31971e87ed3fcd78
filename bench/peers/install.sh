#!/bin/sh
# Unpacks, beside the programs of the tests (.cache/services), the modules that the peers of the benchmark need: the
# Elasticsearch outputs of rsyslog and syslog-ng. Nothing is installed into the system.
set -eu
root=$(cd -P "${0%/*}/../.." && pwd -P)
place=$root/.cache/services
[ -x "$place/bin/rsyslogd" ] || command -v rsyslogd >/dev/null || sh "$root/test/services/install.sh"
[ -e "$place/peers" ] && exit 0
command -v apt-get >/dev/null || { echo 'The peers need Debian packages: rsyslog-elasticsearch, syslog-ng-core, syslog-ng-mod-http' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for package in rsyslog-elasticsearch syslog-ng-mod-http; do
  # Packages of the two exclude each other, so each is asked for on its own; what the system has is not fetched.
  needed=$(apt-get install --print-uris -qq --no-install-recommends "$package" | sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p")
  apt-get download -qq ${needed:-"$package"}
done
for archive in ./*.deb; do dpkg -x "$archive" "$place"; done
touch "$place/peers"
