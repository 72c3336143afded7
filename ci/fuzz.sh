#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds the fuzz targets as cargo-fuzz would, and runs each in one of two forms:
#
#   ci/fuzz.sh [SECONDS]           each for some seconds (5) from an empty corpus and whatever is in fuzz/corpus
#   ci/fuzz.sh --long [TARGET...]  each, or those named, until it took 600 seconds of CPU time (or CPU_SECONDS)
#
# What a long run finds is kept in target/fuzz-corpus/TARGET, where the next one goes on. For each target it prints a
# line of the table in fuzz/README.md: target, CPU seconds, executions, cov, ft, date.
#
# Both give a target all dictionaries of fuzz/dictionaries that name it. With SANITIZER=none they build without
# AddressSanitizer, which makes the slow targets several times faster: the crate has no unsafe code.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

target=x86_64-unknown-linux-gnu
sanitizer=${SANITIZER:-address}
folder=../target/fuzz
if [ "$sanitizer" = none ]; then folder=../target/fuzz-plain; fi
export CARGO_TARGET_DIR=$folder CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_DEBUG=line-tables-only
programs=$CARGO_TARGET_DIR/$target/release
limits=(-rss_limit_mb=2048)

# All targets, or those named.
build() {
  local name bins=() flags=
  for name in "$@"; do bins+=(--bin "$name"); done
  if [ "$sanitizer" != none ]; then flags=-Zsanitizer=$sanitizer; fi
  RUSTFLAGS="--cfg fuzzing $flags -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo +nightly build --release --target "$target" "${bins[@]}"
}

all_targets() {
  local source
  for source in fuzz_targets/*.rs; do basename "$source" .rs; done
}

# Sets `scratch` to a new folder, and `inputs` to dictionary and seeds of a target.
prepare() {
  scratch=$(mktemp -d)
  inputs=()
  # libFuzzer takes one dictionary.
  local dictionary
  for dictionary in dictionaries/*.dict; do
    if grep -qE "^# for:.* $1( |\$)" "$dictionary"; then cat "$dictionary"; fi
  done >"$scratch/dict"
  if [ -s "$scratch/dict" ]; then inputs+=(-dict="$scratch/dict"); fi
  if [ -d "corpus/$1" ]; then inputs+=("corpus/$1"); fi
}

failed() {
  tail -n 60 "$scratch/log" >&2
  echo "FAILED: $1; the input is in $scratch" >&2
  exit 1
}

# What is printed of a run that finds nothing is its last line.
short() {
  mkdir "$scratch/corpus"
  "$programs/$1" -max_total_time="$seconds" -timeout=10 "${limits[@]}" -artifact_prefix="$scratch/" \
    "$scratch/corpus" "${inputs[@]}" >"$scratch/log" 2>&1 || failed "$1"
  printf '%-28s %s\n' "$1" "$(tail -n 1 "$scratch/log")"
}

# libFuzzer counts wall time, so it is started again until the CPU time is used up; each time it reads its corpus anew. An
# input has a minute, as the machine may have other work meanwhile.
long() {
  local corpus=../target/fuzz-corpus/$1 used=0 runs=0 took left TIMEFORMAT='%U %S'
  mkdir -p "$corpus"
  while left=$((wanted - ${used%.*})) && [ "$left" -gt 0 ]; do
    took=$({ time "$programs/$1" -max_total_time="$left" -timeout=60 "${limits[@]}" -print_final_stats=1 \
      -artifact_prefix="$scratch/" "$corpus" "${inputs[@]}" >"$scratch/log" 2>&1 || touch "$scratch/failed"; } 2>&1)
    if [ -e "$scratch/failed" ]; then failed "$1"; fi
    used=$(awk "BEGIN { print $used + ${took/ / + } }")
    runs=$((runs + $(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")))
  done
  # `#4711 DONE cov: 12 ft: 34 corp: …`
  local counters
  counters=$(sed -nE 's/.*DONE +cov: ([0-9]+) ft: ([0-9]+) .*/\1 | \2/p' "$scratch/log" | tail -n 1)
  echo "| \`$1\` | ${used%.*} | $runs | $counters | $(date +%F) |"
}

if [ "${1:-}" = --long ]; then
  shift
  wanted=${CPU_SECONDS:-600}
  build "$@"
  if [ $# -eq 0 ]; then mapfile -t names < <(all_targets); else names=("$@"); fi
  form=long
else
  seconds=${1:-5}
  build
  mapfile -t names < <(all_targets)
  form=short
fi

one() {
  prepare "$1"
  "$form" "$1"
  rm -r "$scratch"
}

# As many at a time as there are cores. The first that fails ends all.
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
running=0
for name in "${names[@]}"; do
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n
    running=$((running - 1))
  fi
  one "$name" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n
  running=$((running - 1))
done
