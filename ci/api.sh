#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Compares docs/api.txt with the public interface, without `hazmat` and `libsignal`; `ci/api.sh --write` writes it anew.
# Needs a nightly compiler, whose description of the crate cargo-public-api reads; installs that if it is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-public-api >/dev/null || cargo install --quiet --locked cargo-public-api@0.52.0
list=$(CARGO_TARGET_DIR=target/api cargo +nightly public-api -p subrosa -sss --color never --features std,parallel 2>/dev/null)
if [ "${1:-}" = --write ]; then echo "$list" >docs/api.txt; fi
diff docs/api.txt <(echo "$list") || {
  echo "the public interface is not what docs/api.txt says; ci/api.sh --write writes it anew" >&2
  exit 1
}
