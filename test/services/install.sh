#!/bin/sh
# Gets the programs that the system tests log with and compare against. Nothing is installed into the system, no
# service is started or replaced: packages that the system lacks are fetched by its package manager, with the
# libraries they need, and unpacked under .cache/services, whose bin/ the tests have in their PATH.
set -eu
root=$(cd -P "${0%/*}/../.." && pwd -P)
place=$root/.cache/services
PATH=$place/bin:$PATH:/usr/sbin:/sbin

# program, package
wanted='rsyslogd rsyslog
syslog-ng syslog-ng-core
haproxy haproxy
logrotate logrotate
python3 python3
logger bsdutils
redis-server redis-server
openssl openssl'

missing=$(echo "$wanted" | while read -r program package; do
  command -v "$program" >/dev/null || echo "$package"
done)
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  echo "The tests need these programs; install them with the system's package manager:" >&2
  echo "$wanted" | while read -r program package; do
    command -v "$program" >/dev/null || echo "  $program (Debian's package: $package)" >&2
  done
  exit 1
fi

echo "Unpacking for the tests, into .cache/services: $(echo $missing)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# What the package manager would fetch: the package and those of its libraries that the system lacks.
needed() {
  apt-get install --print-uris -qq --no-install-recommends "$1" 2>"$work/error" |
    sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p"
}

# Lists of packages may be absent or old; only root may renew them.
renew() {
  if [ "$(id -u)" = 0 ]; then
    apt-get update -qq
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n apt-get update -qq
  else
    echo 'The lists of packages are missing or old. Run this, then the tests again:' >&2
    echo '  sudo apt-get update' >&2
    exit 1
  fi
}

fetch() {
  for package in $missing; do
    needed=$(needed "$package")
    apt-get download -qq ${needed:-"$package"} 2>"$work/error" || return 1
  done
}
fetch || { renew; fetch; } || { cat "$work/error" >&2; exit 1; }

mkdir -p "$place/bin"
for archive in "$work"/*.deb; do dpkg -x "$archive" "$place"; done

libraries=$(find "$place" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd : -)
wrap() { # program, its path, options
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s %s "$@"\n' "$libraries" "$place/$2" "$3" >"$place/bin/$1"
  chmod 755 "$place/bin/$1"
}
for package in $missing; do
  case $package in
    rsyslog) wrap rsyslogd usr/sbin/rsyslogd "-M $(echo "$place"/usr/lib/*/rsyslog)" ;;
    syslog-ng-core) wrap syslog-ng usr/sbin/syslog-ng "--module-path=$(echo "$place"/usr/lib/syslog-ng/*.*/)" ;;
    haproxy) wrap haproxy usr/sbin/haproxy '' ;;
    logrotate) wrap logrotate usr/sbin/logrotate '' ;;
    python3) wrap python3 usr/bin/python3 '' ;;
    bsdutils) wrap logger usr/bin/logger '' ;;
    redis-server) wrap redis-server usr/bin/redis-server '' ;;
    openssl) wrap openssl usr/bin/openssl '' ;;
  esac
done
