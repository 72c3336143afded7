#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Live conversations of the Python wheel with the OMEMO library's legacy sessions. Wants what ci/python.sh has built.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${CARGO_TARGET_DIR:-$PWD/target}/python
[ -d ../shared/interop/omemo ] || { echo "FAILED: no peers in ../shared/interop/omemo" >&2; exit 1; }
[ -x "$environment/bin/pip" ] || { echo "FAILED: no wheel in $environment: run ci/python.sh first" >&2; exit 1; }
"$environment/bin/pip" install --quiet -r ../shared/interop/omemo/requirements.txt
"$environment/bin/python" bindings/uniffi/tests/live_omemo.py ../shared/interop/omemo
