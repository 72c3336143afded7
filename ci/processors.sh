#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The tests of X25519 and of signatures on other processors than this one, emulated: Nehalem has nothing of what the
# assembly needs, and must get the portable code without a panic; `max` has all of it but AVX-512. x86-64 only.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v qemu-x86_64 >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends qemu-user >/dev/null
fi

on() {
  local processor=$1 assembly=$2 output
  export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu $processor"
  echo "On $processor:"
  output=$(cargo test --lib -- curve:: --nocapture 2>&1) || { echo "$output" >&2; exit 1; }
  grep -F "assembly: $assembly" <<<"$output" || { echo "FAILED: assembly is not $assembly" >&2; exit 1; }
  cargo test --test wire -- known_answers::keys known_answers::signatures published_vectors::curve
}

on Nehalem false
on max true
