#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The tests under AddressSanitizer, with leaks: our code has no `unsafe`, so it is the dependencies' that is watched. Needs
# a nightly compiler. `--portable` takes their code in plain Rust instead of the processor's instructions. Further
# arguments go to `cargo test` in the place of "all tests"; `--test wire`, say.
#
# Left out is what looks at memory itself (`secrets`, `allocations`, `resource_bounds`), where the sanitizer lies in between.
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTFLAGS="-Zsanitizer=address" CARGO_TARGET_DIR=target/sanitizer CARGO_INCREMENTAL=0
export CARGO_PROFILE_TEST_DEBUG=line-tables-only CARGO_PROFILE_DEV_DEBUG=line-tables-only
if [ "${1:-}" = --portable ]; then
  shift
  CARGO_TARGET_DIR+=_portable
  RUSTFLAGS+=' --cfg curve25519_dalek_backend="serial" --cfg aes_backend="soft" --cfg polyval_backend="soft" --cfg sha2_backend="soft"'
  export LIBCRUX_DISABLE_SIMD256=1 LIBCRUX_DISABLE_SIMD128=1
fi
tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then
  tests=(--lib)
  for source in tests/*.rs tests/*/main.rs; do
    name=${source#tests/} name=${name%/main.rs} name=${name%.rs}
    case "$name" in secrets | allocations | resource_bounds) ;; *) tests+=(--test "$name") ;; esac
  done
fi
cargo +nightly test --target x86_64-unknown-linux-gnu --features parallel --no-fail-fast "${tests[@]}"
