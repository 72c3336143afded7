#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds ci/no_std for this machine, linked without libc, and runs it. Linux on x86-64 only.
set -euo pipefail
cd "$(dirname "$0")/no_std"

export CARGO_TARGET_DIR=../../target/no_std
cp ../../Cargo.lock Cargo.lock # The versions that the crate itself is tested with.
# What only a machine with an operating system can do must not be among what is linked.
if cargo tree --edges normal --target all --prefix none | grep -E '^(rayon|crossbeam)'; then
  echo "FAILED: the feature \`parallel\` is on" >&2
  exit 1
fi
cargo build --release
binary=$CARGO_TARGET_DIR/release/no-std-proof
"$binary"
echo "linked without libc: $(stat -c %s "$binary") bytes"
symbols=$(nm "$binary")
! grep rose <<<"$symbols" || { echo "FAILED: parts of the rose profile are linked without its feature" >&2; exit 1; }

cargo build --release --features rose,omemo
"$binary"
echo "the same with the other profiles: $(stat -c %s "$binary") bytes"
