#!/bin/sh
# Installs the OAuth 2 server for the tests in tests/peers.
#
# Everything lands under target/peers/oidc, nothing in the source tree. The
# second run returns at once: a stamp records what was installed. It runs on the
# Node.js that tests/peers/atproto/setup.sh brings.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
into=${CARGO_TARGET_DIR:-$root/target}/peers/oidc

command -v npm >/dev/null || {
  echo "peers/oidc: npm is missing: install Node.js 18 or newer with it (Debian: apt-get install nodejs npm)." >&2
  exit 1
}
wanted=$(cat "$here/package.json" "$here/package-lock.json" "$here/setup.sh" | sha256sum | cut -d' ' -f1)
if [ -f "$into/installed" ] && [ "$(cat "$into/installed")" = "$wanted" ]; then
  echo "peers/oidc: already installed"
  exit 0
fi
mkdir -p "$into"
rm -f "$into/installed"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$into/"
cd "$into"
npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
printf '%s\n' "$wanted" >"$into/installed"
echo "peers/oidc: installed"
