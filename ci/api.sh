#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Compares docs/api.txt with the public interface that the crate has; `ci/api.sh --write` writes it anew. rustdoc's
# JSON is not stable, so the stable compiler is told that it may write it: one toolchain, and no nightly to install.
set -euo pipefail
cd "$(dirname "$0")/.."

# A folder of its own: build scripts look at RUSTC_BOOTSTRAP, and everything would be built anew each time.
RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/api cargo rustdoc --quiet --locked --lib --features std,parallel -- \
  -Z unstable-options --output-format json
export SUBROSA_API=$PWD/target/api/doc/subrosa.json
if [ "${1:-}" = --write ]; then SUBROSA_WRITE_API=1 cargo test --quiet --test project -- the_list_is --ignored; fi
cargo test --quiet --test project -- public_api:: --include-ignored
