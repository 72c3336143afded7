#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Asks by Welch's t-test whether the time of secret operations depends on their secrets (ci/dudect). Some 10,000 samples
# of each take seconds: enough for what is gross, such as a compare that ends early, which is planted and must be found.
# `ci/dudect.sh 1000000` takes minutes and sees what is a hundred times as small in its squares. Run that on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/dudect"

export CARGO_TARGET_DIR=../../target CARGO_PROFILE_RELEASE_DEBUG=false
cp ../../Cargo.lock Cargo.lock # The versions that the crate itself is tested with.
cargo test --quiet --release # The statistics.
cargo build --release
"$CARGO_TARGET_DIR/release/dudect" "$@"
