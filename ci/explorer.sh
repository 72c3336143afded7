#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds explorer/pkg, and with --test clicks through the page in headless Chromium: screenshots of each scene go to
# target/explorer. Serve it with `python3 -m http.server` in explorer/.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! [ -d /usr/lib/rustlib/src/rust/library ] || ! [ -x /usr/bin/rustc ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rustc-web rust-web-src >/dev/null
fi
linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
root=${CARGO_TARGET_DIR:-$PWD/target}
tools=$root/tools
export PATH=$tools/bin:$PATH
version=$(sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' explorer/lab/Cargo.toml)
if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $version" ]; then
  cargo install wasm-bindgen-cli --version "$version" --debug --root "$tools" --target-dir "$tools/build"
fi
(cd explorer/lab && RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$root/wasm \
  cargo build --profile wasm --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort)
rm -rf explorer/pkg
wasm-bindgen --remove-name-section --remove-producers-section --target web --no-typescript --out-dir explorer/pkg --out-name lab "$root/wasm/wasm32-unknown-unknown/wasm/subrosa_lab.wasm"

[ "${1:-}" = --test ] || exit 0
[ -x /usr/bin/chromium ] || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; }
mkdir -p "$root/browser" "$root/explorer"
(cd "$root/browser" && npm install --silent --no-audit --no-fund playwright-core@1.64.1)
cp explorer/test.mjs "$root/browser/explorer.mjs"
node "$root/browser/explorer.mjs" "$PWD/explorer" "$root/explorer"
