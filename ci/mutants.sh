#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Mutation tests, as docs/mutants.md describes. Needs `cargo install cargo-mutants --locked`, and some
# gigabytes below target/mutants. Goes on where it stopped: outcomes are in target/mutants/outcome.tsv.
#
#   ci/mutants.sh                       all of it
#   ci/mutants.sh src/crypto src/wire   some files and folders
#   --every N    each N-th mutant
#   --test NAME  only this program of tests, `lib` for the unit tests; may be given more than once
#   --short S    no more than S seconds of tests for a mutant
#   --seconds S  no further mutant after S seconds
#   --again      also mutants that survived or were not reached, for new tests
#   --alone      only mutants that are left, each built by itself with the tests that --test names; with --again survivors, too
#   --strict     an error if one survives
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-mutants >/dev/null || { echo "cargo-mutants is missing" >&2; exit 1; }
mkdir -p target/mutants
cargo build --quiet --release --manifest-path ci/mutants/Cargo.toml --target-dir target/mutants/tool
exec target/mutants/tool/release/mutants "$@"
