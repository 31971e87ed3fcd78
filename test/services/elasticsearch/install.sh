#!/bin/sh
# Lays out the Elasticsearch that the tests start nodes of, in .cache/services/elasticsearch: its jars from Maven
# Central, the classes beside this file, and links to the JDK. Done once; again when what it is made from changes.
set -eu
root=$(cd -P "${0%/*}/../../.." && pwd -P)
here=$root/test/services/elasticsearch
place=$root/.cache/services
home=$place/elasticsearch
PATH=$root/node_modules/.bin:$place/bin:$PATH
. "$root/test/services/packages.sh"

stamp=$(cat "$here/pom.xml" "$here"/*.java "$here/install.sh" "$here/train.ts" | sha256sum)
finished() { [ "$(cat "$home/stamp" 2>/dev/null)" = "$stamp" ] && [ -x "$home/jdk/bin/java" ]; }
finished && exit 0
mkdir -p "$place"
if command -v flock >/dev/null; then
  exec 9>"$place/elasticsearch.lock"
  flock 9
  finished && exit 0
fi

jdk() { # the first JDK that can run it
  for candidate in "${ES_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* "$place"/usr/lib/jvm/*; do
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$candidate/release" 2>/dev/null) || continue
    [ "${version:-0}" -ge 21 ] && [ -x "$candidate/bin/javac" ] && echo "$candidate" && return
  done
}
maven() { command -v mvn || { [ -x "$place/usr/share/maven/bin/mvn" ] && echo "$place/usr/share/maven/bin/mvn"; }; }
zstd() { find /lib /usr/lib /lib64 /usr/lib64 "$place/usr/lib" -name libzstd.so.1 2>/dev/null | head -n 1; }
jdk_package() {
  { echo openjdk-21-jdk-headless; apt-cache search --names-only '^openjdk-[0-9]+-jdk-headless$' 2>/dev/null; } |
    sed 's/ .*//' | sort -V | tail -n 1
}

missing=''
[ -n "$(jdk)" ] || missing=$(jdk_package)
[ -n "$(maven)" ] || missing="$missing maven"
[ -n "$(zstd)" ] || missing="$missing libzstd1"
[ -z "$missing" ] || ! can_unpack || (unpack $missing) || true # what is missing then is told below
[ -n "$(jdk)" ] && [ -n "$(maven)" ] && [ -n "$(zstd)" ] || {
  echo 'The tests run a real Elasticsearch. Install what is missing for it, then run the tests again:' >&2
  [ -n "$(jdk)" ] || echo '  a JDK, version 21 or newer; elsewhere than in /usr/lib/jvm, name its folder in JAVA_HOME' >&2
  [ -n "$(maven)" ] || echo '  mvn, Apache Maven' >&2
  [ -n "$(zstd)" ] || echo '  libzstd.so.1 (in most distributions: libzstd1 or libzstd)' >&2
  exit 1
}

echo 'Fetching Elasticsearch for the tests from Maven Central, into .cache/services/elasticsearch'
JAVA_HOME=$(jdk)
export JAVA_HOME
case $(uname -m) in aarch64 | arm64) platform=linux-aarch64 ;; *) platform=linux-x64 ;; esac
rm -rf "$home"
network=$home/modules/transport-netty4
extra=$home/modules/root-plugin
mkdir -p "$home/lib/platform/$platform" "$home/plugins" "$network" "$extra" "$home/classes"
ln -s "$JAVA_HOME" "$home/jdk"
cp "$(zstd)" "$home/lib/platform/$platform/libzstd.so"
"$(maven)" -B -q -f "$here/pom.xml" dependency:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$home/lib" >"$home/maven.log" 2>&1 || { tail -n 30 "$home/maven.log" >&2; exit 1; }

# No class may be both in lib/ and in a module, so what only the network module needs moves there.
mv "$home"/lib/transport-netty4-*.jar "$home"/lib/netty-*.jar "$home"/lib/elasticsearch-ssl-config-*.jar "$network"
version=$(basename "$home"/lib/elasticsearch-[0-9]*.jar .jar)
version=${version#elasticsearch-}
describe() { # folder, class
  cat >"$1/plugin-descriptor.properties" <<DESCRIPTOR
name=$(basename "$1")
description=$(basename "$1")
version=$version
elasticsearch.version=$version
java.version=21
classname=$2
DESCRIPTOR
}
describe "$extra" RootPlugin
describe "$network" org.elasticsearch.transport.netty4.Netty4Plugin
echo modulename=org.elasticsearch.transport.netty4 >>"$network/plugin-descriptor.properties"

"$JAVA_HOME/bin/javac" --module-path "$home/lib" --add-modules ALL-MODULE-PATH -d "$home/classes" "$here"/*.java
"$JAVA_HOME/bin/jar" -c -f "$home/test-node.jar" -C "$home/classes" TestNode.class
rm "$home/classes/TestNode.class"
"$JAVA_HOME/bin/jar" -c -f "$extra/root-plugin.jar" -C "$home/classes" .

node "$here/train.ts"
echo "$stamp" >"$home/stamp"
