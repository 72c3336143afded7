#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Counts the instructions of the operations in benches/instructions.rs with callgrind and prints a table. callgrind
# knows neither SHA-NI nor AVX-512, so these are counts of the other code paths; they repeat exactly for one
# compiler and one set of dependencies, whatever else the machine does. An argument selects by part of the name.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_PROFILE_BENCH_DEBUG=false # Shares what it depends on with the release build.
bench=$(cargo bench --bench instructions --no-run 2>&1 | sed -n 's/.*(\(target.*\))$/\1/p')
[ -x "$bench" ] || { echo "the benchmark was not built" >&2; exit 1; }

echo "| operation | instructions |"
echo "| --- | ---: |"
"$bench" | grep -F "${1:-}" | while read -r times name; do
  counted=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect='*instructions*measured*' "$bench" "$name" 2>&1 </dev/null | sed -n 's/.*Collected : //p')
  printf "| %s | %'d |\n" "$name" $((counted / times))
done
