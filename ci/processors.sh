#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The tests of X25519 and of signatures on other processors than this one, emulated: Nehalem has nothing of what the
# assembly needs, and must get the portable code without a panic; `max` has all of it but AVX-512; and an
# aarch64, where the lanes of NEON are tested, too. On x86-64 only.
set -euo pipefail
cd "$(dirname "$0")/.."

# The second compiler has the library's sources, and must be the one that compiles them.
if ! command -v qemu-x86_64 >/dev/null || ! command -v aarch64-linux-gnu-gcc >/dev/null ||
  ! [ -d /usr/lib/rustlib/src/rust/library ] || ! [ -x /usr/bin/rustc ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross rustc-web rust-web-src >/dev/null
fi

on() {
  local processor=$1 assembly=$2 output
  echo "On $processor:"
  output=$(run "$processor" --lib -- curve:: --nocapture 2>&1) || { echo "$output" >&2; exit 1; }
  grep -F "assembly: $assembly" <<<"$output" || { echo "FAILED: assembly is not $assembly" >&2; exit 1; }
  run "$processor" --test wire -- known_answers::keys known_answers::signatures published_vectors::curve
}

run() {
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu $1" cargo test "${@:2}"
}

on Nehalem false
on max true

run() {
  RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu $1" \
    cargo test -Zbuild-std --target aarch64-unknown-linux-gnu "${@:2}"
}

on cortex-a72 true
X25519_BATCH_BEST=Portable run cortex-a72 -p x25519-batch --lib --tests
