#!/bin/sh
# Gets the programs that the system tests log with, deliver to and compare against. Nothing is installed into the
# system, no service is started or replaced: packages that the system lacks are fetched by its package manager, with the
# libraries they need, and unpacked under .cache/services, whose bin/ the tests have in their PATH.
set -eu
root=$(cd -P "${0%/*}/../.." && pwd -P)
place=$root/.cache/services
PATH=$place/bin:$PATH:/usr/sbin:/sbin
. "$root/test/services/packages.sh"

# program, package
wanted='rsyslogd rsyslog
syslog-ng syslog-ng-core
haproxy haproxy
logrotate logrotate
python3 python3
logger bsdutils
redis-server redis-server
ip iproute2
openssl openssl'

missing=$(echo "$wanted" | while read -r program package; do
  command -v "$program" >/dev/null || echo "$package"
done)

if [ -n "$missing" ] && ! can_unpack; then
  echo "The tests need these programs; install them with the system's package manager:" >&2
  echo "$wanted" | while read -r program package; do
    command -v "$program" >/dev/null || echo "  $program (Debian's package: $package)" >&2
  done
  exit 1
fi

wrap() { # program, its path, options
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s %s "$@"\n' "$libraries" "$place/$2" "$3" >"$place/bin/$1"
  chmod 755 "$place/bin/$1"
}
[ -z "$missing" ] || unpack $missing
libraries=$(find "$place" -name '*.so.*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd : -)
for package in $missing; do
  case $package in
    rsyslog) wrap rsyslogd usr/sbin/rsyslogd "-M $(echo "$place"/usr/lib/*/rsyslog)" ;;
    syslog-ng-core) wrap syslog-ng usr/sbin/syslog-ng "--module-path=$(echo "$place"/usr/lib/syslog-ng/*.*/)" ;;
    haproxy) wrap haproxy usr/sbin/haproxy '' ;;
    logrotate) wrap logrotate usr/sbin/logrotate '' ;;
    python3) wrap python3 usr/bin/python3 '' ;;
    bsdutils) wrap logger usr/bin/logger '' ;;
    iproute2) wrap ip bin/ip '' ;;
    redis-server) wrap redis-server usr/bin/redis-server '' ;;
    openssl) wrap openssl usr/bin/openssl '' ;;
  esac
done

sh "$root/test/services/elasticsearch/install.sh"
