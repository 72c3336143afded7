#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Which lines of `src` all the tests run, by cargo-llvm-cov; fails below 95 %. Needs Debian's `rust-web-llvm` and
# `cargo install cargo-llvm-cov --locked`. Some minutes. What the stack holds is not looked at: code that counts its
# lines leaves other things there.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=/usr/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin
export LLVM_COV=${LLVM_COV:-$tools/llvm-cov} LLVM_PROFDATA=${LLVM_PROFDATA:-$tools/llvm-profdata}
[ -x "$LLVM_COV" ] || { echo "llvm-cov is missing: apt-get install rust-web-llvm" >&2; exit 1; }
export CARGO_INCREMENTAL=0 CARGO_PROFILE_TEST_DEBUG=line-tables-only

cargo llvm-cov clean --workspace # What an earlier state of the sources left.
cargo llvm-cov --features parallel --no-report -- --skip on_the_stack
# What of it is not run, in files of which less than nine tenths are.
cargo llvm-cov report --summary-only | awk '/^[a-z_\/0-9]+\.rs / && $10 + 0 < 90 { print $1, $10 }'
cargo llvm-cov report --summary-only --fail-under-lines 95 | awk '/^TOTAL/ { print "lines run: " $10 " of " $8 }'
