#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The cost of the border: microseconds for a message through each face, beside the Rust call; and messages a second in one
# Node process beside other libraries. Wants what ci/npm.sh and ci/python.sh have built; the wheel is built anew,
# optimised.
set -euo pipefail
cd "$(dirname "$0")/../bindings"

root=${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}
cargo run --quiet --release -p subrosa-binding --example border
CARGO_PROFILE_RELEASE_LTO=thin cargo build --quiet --release -p subrosa-c
libraries=${CARGO_TARGET_DIR:-target}/release
cc -O2 -std=c11 -D_POSIX_C_SOURCE=200809L -Ic/include bench/border.c -o "$libraries/border-c" -L"$libraries" -lsubrosa_c
LD_LIBRARY_PATH=$libraries "$libraries/border-c"
(cd uniffi && CARGO_TARGET_DIR=$root/uniffi CARGO_PROFILE_RELEASE_LTO=thin "$root/python/bin/maturin" build --quiet --release --features cli)
"$root/python/bin/pip" install --quiet --force-reinstall "$root"/uniffi/wheels/subrosa-*.whl
"$root/python/bin/python" bench/border.py
peers=${SUBROSA_INTEROP:-$root/interop}
[ -d "$peers/node_modules" ] || peers=
node bench/border.mjs "$peers"
