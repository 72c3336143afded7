#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs ci/constant_time under valgrind's memcheck: secrets are undefined there, and a branch or an address that depends
# on one is an error. x86-64 only.
#
# valgrind 3.19 shows the program a processor with AES-NI, PCLMULQDQ and AVX2, but without SHA-NI, VAES and AVX-512, so
# it is those code paths that are covered. `--portable` covers the code in plain Rust instead: serial field arithmetic,
# bitsliced AES, POLYVAL, SHA-2 and ML-KEM without vectors. `--assembly` has X25519 in assembly, which is not taken
# otherwise: valgrind has ADX, but does not show it (its bug 494162).
set -euo pipefail
cd "$(dirname "$0")/constant_time"

command -v valgrind >/dev/null || { echo "valgrind is missing" >&2; exit 1; }
export CARGO_TARGET_DIR=../../target/constant_time
features=()
case "${1:-}" in
  "") mode=AVX2 ;;
  --portable)
    mode=portable
    CARGO_TARGET_DIR+=_portable
    export RUSTFLAGS='--cfg curve25519_dalek_backend="serial" --cfg aes_backend="soft" --cfg polyval_backend="soft" --cfg sha2_backend="soft"'
    export LIBCRUX_DISABLE_SIMD256=1 LIBCRUX_DISABLE_SIMD128=1
    ;;
  --assembly)
    mode=assembly
    CARGO_TARGET_DIR+=_assembly
    features=(--features std)
    export RUSTFLAGS='--cfg subrosa_curve="assembly"' VALGRIND_BUG_494162=1
    ;;
  *) echo "usage: $0 [--portable | --assembly]" >&2; exit 2 ;;
esac
cp ../../Cargo.lock Cargo.lock # The versions that the crate itself is tested with.
cargo build --release "${features[@]}"

log=$CARGO_TARGET_DIR/memcheck.log
if ! valgrind -v --error-limit=no --num-callers=30 --suppressions=allowed.supp --log-file="$log" \
  "$CARGO_TARGET_DIR/release/constant-time-proof"; then
  echo "FAILED: see $log" >&2
  # Where it was, without what was planted.
  awk 'BEGIN { RS = "==[0-9]+== *\n" } /uninitialised/ && !/planted/' "$log" | grep -vE -- '^--[0-9]+--' | head -60 >&2
  exit 1
fi
used=$(sed -n 's/.*used_suppression: *\([0-9]*\) \(.*\) [^ ]*allowed.supp:.*/\1 times \2/p' "$log")
printf 'what depended on a secret, and may:\n%s\n' "$used"
# What is for one mode only says so.
sed -n '/^{/{n;s/^ *//p}' allowed.supp | while read -r name; do
  [[ $name =~ ,\ (AVX2|portable|assembly): && ${BASH_REMATCH[1]} != "$mode" ]] || grep -qF "$name" <<<"$used" || echo "$name"
done >"$log.never"
if [ -s "$log.never" ]; then
  echo "FAILED: allowed, and never needed:" >&2
  cat "$log.never" >&2
  exit 1
fi
