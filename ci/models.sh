#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Searches the symbolic models in `models/` with Maude. Before each search stands what it must find: nothing, or an
# attack, since a model that finds no attack anywhere shows nothing.
set -euo pipefail
cd "$(dirname "$0")/../models"

command -v maude >/dev/null || { echo "maude is missing: apt-get install maude" >&2; exit 1; }
failed=0
for model in agreement ratchet rose-agreement rose-ratchet rose-split rose-sas rose-states rose-report; do
  output=$(maude -no-banner "$model.maude" </dev/null 2>&1)
  if grep -E '^(Warning|Error)' <<<"$output"; then exit 1; fi
  paste -d '\t' <(sed -n 's/^\*\*\* expect //p' "$model.maude") \
    <(sed -nE 's/^No solution\.$/none/p; s/^Solution 1 .*/attack/p' <<<"$output") \
    <(sed -nE 's/^states: ([0-9]+) .*/\1/p' <<<"$output") >"/tmp/models.$$"
  while IFS=$'\t' read -r expected found states; do
    printf '%-14s %-7s %9s states  %s\n' "$model" "${found:-nothing}" "$states" "${expected#*: }"
    if [ "${expected%%:*}" != "$found" ]; then
      echo "FAILED: expected ${expected%%:*}" >&2
      failed=1
    fi
  done <"/tmp/models.$$"
  rm "/tmp/models.$$"
done
exit "$failed"
