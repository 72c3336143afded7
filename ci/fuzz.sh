#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds all fuzz targets at once, as cargo-fuzz would, and runs each for some seconds (5, or the first argument)
# from an empty corpus and whatever is in fuzz/corpus. Longer runs: `cargo +nightly fuzz run TARGET`.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${1:-5}
target=x86_64-unknown-linux-gnu
export CARGO_TARGET_DIR=../target/fuzz CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_DEBUG=line-tables-only
RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
  cargo +nightly build --release --target "$target"

for source in fuzz_targets/*.rs; do
  name=$(basename "$source" .rs)
  scratch=$(mktemp -d)
  mkdir "$scratch/corpus"
  seeds=()
  if [ -d "corpus/$name" ]; then seeds=("corpus/$name"); fi
  # What is printed of a run that finds nothing is its last line.
  if ! "$CARGO_TARGET_DIR/$target/release/$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
    -artifact_prefix="$scratch/" "$scratch/corpus" "${seeds[@]}" >"$scratch/log" 2>&1; then
    tail -n 60 "$scratch/log" >&2
    echo "FAILED: $name; the input is in $scratch" >&2
    exit 1
  fi
  printf '%-28s %s\n' "$name" "$(tail -n 1 "$scratch/log")"
  rm -r "$scratch"
done
