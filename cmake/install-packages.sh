#!/usr/bin/env bash
# Installs the Debian packages of the named sections of debian-packages.txt, as root or with sudo.
# Says nothing when none is missing.
#   cmake/install-packages.sh build demo
set -euo pipefail
list=$(dirname "$0")/debian-packages.txt

wanted=()
for section in "$@"; do
  found=$(sed -n "/^\[$section\]$/,/^\[/p" "$list" | grep -v '^\[\|^#\|^$' || true)
  if [ -z "$found" ]; then
    echo "install-packages.sh: $list has no section [$section]" >&2
    exit 2
  fi
  mapfile -t -O "${#wanted[@]}" wanted <<<"$found"
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install-packages.sh: these packages are missing, and there is neither root nor sudo:" >&2
    echo "  ${missing[*]}" >&2
    exit 2
  fi
  as_root=(sudo)
fi
echo "installing from Debian: ${missing[*]} ..."
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update -q &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
         apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "install-packages.sh: apt-get failed; $log has all of it" >&2
  exit 2
fi
rm -f "$log"
