#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds the npm package in bindings/wasm/pkg: for Node (CommonJS, which ES modules import too) and for browsers (an ES
# module). `ci/npm.sh --budget` also holds its size against bindings/wasm/budget.txt.
#
# The target's standard library is compiled from Debian's sources, by the compiler that they belong to: see
# ci/bare-metal.sh.
set -euo pipefail
cd "$(dirname "$0")/../bindings"

if ! [ -d /usr/lib/rustlib/src/rust/library ] || ! [ -x /usr/bin/rustc ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rustc-web rust-web-src >/dev/null
fi
linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
tools=${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}/tools
export PATH=$tools/bin:$PATH
version=$(sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' wasm/Cargo.toml)
if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $version" ]; then
  cargo install wasm-bindgen-cli --version "$version" --debug --root "$tools" --target-dir "$tools/build"
fi
target=${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}/wasm

RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$target RUSTFLAGS="${RUSTFLAGS:-} -Ctarget-cpu=mvp -Ctarget-feature=+mutable-globals,+sign-ext,+bulk-memory,+nontrapping-fptoint,+reference-types,+multivalue" \
  cargo build -p subrosa-wasm --profile wasm --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort

rm -rf wasm/pkg
mkdir wasm/pkg
module=$target/wasm32-unknown-unknown/wasm/subrosa_wasm.wasm
wasm-bindgen --remove-name-section --remove-producers-section --target nodejs --out-dir wasm/pkg/node --out-name subrosa "$module"
wasm-bindgen --remove-name-section --remove-producers-section --target web --out-dir wasm/pkg/web --out-name subrosa "$module"
# One module serves both: they differ in the glue alone.
cmp wasm/pkg/node/subrosa_bg.wasm wasm/pkg/web/subrosa_bg.wasm
rm wasm/pkg/node/subrosa_bg.wasm
sed -i 's|`${__dirname}/subrosa_bg.wasm`|`${__dirname}/../web/subrosa_bg.wasm`|' wasm/pkg/node/subrosa.js
grep -q 'web/subrosa_bg.wasm' wasm/pkg/node/subrosa.js
# A string in the place of bytes would be read as zeros.
for glue in wasm/pkg/*/subrosa.js; do
  sed -i "/^function passArray8ToWasm0/a\\    if (Object.prototype.toString.call(arg) !== '[object Uint8Array]') throw new TypeError('bytes are a Uint8Array');" "$glue"
  grep -q 'bytes are a Uint8Array' "$glue"
done
# wasm-bindgen takes over how comments reach it through a macro: as raw strings.
sed -i 's/^ \* r" / * /' wasm/pkg/*/subrosa.js wasm/pkg/*/subrosa.d.ts
rm -f wasm/pkg/*/*.wasm.d.ts
echo '{"type":"commonjs"}' >wasm/pkg/node/package.json
echo '{"type":"module"}' >wasm/pkg/web/package.json
cp wasm/README.md ../LICENSE-MIT ../LICENSE-APACHE wasm/pkg/
cp wasm/package.json wasm/pkg/package.json
../ci/faces.py wasm wasm/pkg/web/subrosa.d.ts

if [ "${1:-}" = --budget ]; then
  while read -r name allowed; do
    case $name in
      wasm.compressed) size=$(gzip -9 <wasm/pkg/web/subrosa_bg.wasm | wc -c) ;;
      wasm.code) size=$(stat -c %s wasm/pkg/web/subrosa_bg.wasm) ;;
      glue.compressed) size=$(gzip -9 <wasm/pkg/web/subrosa.js | wc -c) ;;
      *) continue ;;
    esac
    printf '%-18s %9d of %9d\n' "$name" "$size" "$allowed"
    [ "$size" -le "$allowed" ] || { echo "FAILED: $name is beyond its budget" >&2; exit 1; }
  done <wasm/budget.txt
fi
