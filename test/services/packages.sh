# Sourced. `unpack PACKAGE...`: fetches packages with the system's package manager, and the libraries that they need and
# the system lacks, and unpacks them under $place. Ends the script, saying why, when that can't be done.

unpack() {
  echo "Unpacking for the tests, into .cache/services: $*"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  fetch "$@" || { renew; fetch "$@"; } || { cat "$work/error" >&2; exit 1; }
  mkdir -p "$place/bin"
  for archive in "$work"/*.deb; do dpkg -x "$archive" "$place"; done
  # Links that name a place in the system mean the one beside them.
  find "$place/usr" "$place/etc" -type l -lname '/*' 2>/dev/null | while read -r link; do
    target=$(readlink "$link")
    [ -e "$target" ] || [ ! -e "$place$target" ] || ln -sfn "$place$target" "$link"
  done
  cd "$root"
  rm -rf "$work"
}

can_unpack() { command -v apt-get >/dev/null && command -v dpkg >/dev/null; }

fetch() {
  for package in "$@"; do
    needed=$(needed "$package")
    apt-get download -qq ${needed:-"$package"} 2>"$work/error" || return 1
  done
}

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
