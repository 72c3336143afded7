#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The npm package: built, packed and installed as a user would; its tests, quick starts for Node and Chromium, and live
# conversations with the peers of shared/interop.
set -euo pipefail
cd "$(dirname "$0")/.."

ci/npm.sh --budget
root=${CARGO_TARGET_DIR:-$PWD/target}
place=$root/node
rm -rf "$place"
mkdir -p "$place"
(cd bindings/wasm/pkg && npm pack --silent --pack-destination "$place" >/dev/null)
(cd "$place" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund ./subrosa-*.tgz typescript@5 playwright-core@1.64.1)
cp bindings/wasm/examples/chat.* bindings/wasm/tests/*.mjs "$place"
cd "$place"
node --test package.mjs
node chat.mjs
node chat.cjs
# The types are what the quick start needs.
npx tsc --noEmit --target esnext --module nodenext --moduleResolution nodenext --lib esnext,dom --checkJs --allowJs chat.mjs
for example in "$OLDPWD"/bindings/wasm/examples/*; do
  [ "$(wc -l <"$example")" -le 20 ] || { echo "FAILED: $example has more than 20 lines" >&2; exit 1; }
done
[ -x /usr/bin/chromium ] || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; }
node browser.mjs "$OLDPWD/bindings/wasm"

peers=${SUBROSA_INTEROP:-$root/interop}
if [ -d "$OLDPWD/../shared/interop" ] && ! [ -d "$peers/node_modules" ]; then
  mkdir -p "$peers"
  cp -R "$OLDPWD/../shared/interop/." "$peers"
  chmod -R u+w "$peers"
  (cd "$peers" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
fi
sed -i "s|'../pkg/node/subrosa.js'|'subrosa'|" live.mjs
node live.mjs "$peers"
