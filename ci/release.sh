#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What a release would publish, without publishing: docs/releasing.md.
set -euo pipefail
cd "$(dirname "$0")/.."

version() {
  sed -n 's/^version = "\(.*\)"/\1/p' "$1" | head -1
}
same=$(version Cargo.toml)
for manifest in stores/Cargo.toml bindings/Cargo.toml bindings/uniffi/Cargo.toml bindings/uniffi/pyproject.toml; do
  [ "$(version "$manifest")" = "$same" ] || { echo "FAILED: $manifest has version $(version "$manifest"), not $same" >&2; exit 1; }
done
[ "$(node -p 'require("./bindings/wasm/package.json").version')" = "$same" ] || { echo "FAILED: the npm package has another version" >&2; exit 1; }

cargo publish --dry-run --allow-dirty --no-verify -p x25519-batch -p subrosa # ci/packaged.sh builds and uses the package.
# Its dependency is not published yet, so there is no more than the list to look at.
(cd stores && cargo package --list --allow-dirty)
[ -d bindings/wasm/pkg ] || ci/npm.sh
(cd bindings/wasm/pkg && npm publish --dry-run --tag next --silent && npm pack --dry-run)
