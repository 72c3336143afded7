#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Counts the instructions of the operations in benches/instructions.rs with callgrind, and compares them with the table
# in docs/instructions.md: fails if one has grown by more than 3 %, or is not in the table. `--write` writes the table
# anew. An argument selects operations by part of the name, and prints them.
#
# callgrind knows neither SHA-NI nor AVX-512, so these are counts of the other code paths; they repeat exactly for one
# compiler and one lock file, whatever else the machine does.
set -euo pipefail
cd "$(dirname "$0")/.."

table=docs/instructions.md
export CARGO_PROFILE_BENCH_DEBUG=false # Shares what it depends on with the release build.
bench=$(cargo bench --package subrosa-benches --bench instructions --no-run 2>&1 | sed -n 's/.*(\(target.*\))$/\1/p')
[ -x "$bench" ] || { echo "the benchmark was not built" >&2; exit 1; }
command -v valgrind >/dev/null || { echo "valgrind is missing" >&2; exit 1; }

# "times name" to "| name | count |".
count() {
  local times=${1%% *} name=${1#* } counted
  counted=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect='*instructions*measured*' "$bench" "$name" 2>&1 </dev/null | sed -n 's/.*Collected : //p')
  printf '| %s | %s |\n' "$name" "$(sed ':a;s/\B[0-9]\{3\}\>/,&/;ta' <<<$((counted / times)))"
}
export -f count
export bench

rows() {
  "$bench" | grep -F "${1:-}" | xargs -d '\n' -P "$(nproc)" -I{} bash -c 'count "$1"' - {}
}

# In the order of the list.
sorted() {
  local rows
  rows=$(cat)
  "$bench" | while read -r _ name; do grep -F "| $name | " <<<"$rows" || true; done
}

case "${1:-}" in
  --write)
    { sed '/^| operation/,$d' "$table"; echo "| operation | instructions |"; echo "| --- | ---: |"; rows | sorted; } >"$table.new"
    mv "$table.new" "$table"
    ;;
  "")
    rows | sorted | tee target/instructions.md | awk -F'|' '
      function number(text) { gsub(/[ ,]/, "", text); return text + 0 }
      function name(text) { gsub(/^ +| +$/, "", text); return text }
      NR == FNR { if ($3 ~ /[0-9]/) known[name($2)] = number($3); next }
      {
        was = known[name($2)]; is = number($3); delete known[name($2)]
        if (!was) { print "FAILED: not in the table: " $0; bad = 1 }
        else if (is > was * 1.03) { printf "FAILED: %s took %d, takes %d\n", name($2), was, is; bad = 1 }
        else if (is < was * 0.97) printf "%s took %d, takes %d: write the table anew\n", name($2), was, is
      }
      END {
        for (gone in known) { print "FAILED: no longer counted: " gone; bad = 1 }
        exit bad
      }' "$table" -
    ;;
  *) rows "$1" | sorted ;;
esac
