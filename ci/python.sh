#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The Python wheel, its tests and quick start in an environment of its own; and the sources for Kotlin and Swift, which
# are generated into bindings/uniffi/generated and, with --check, compared with what is committed there.
set -euo pipefail
cd "$(dirname "$0")/../bindings/uniffi"

target=${CARGO_TARGET_DIR:-$(cd ../.. && pwd)/target}
export CARGO_TARGET_DIR=$target/uniffi
environment=$target/python
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet 'maturin==1.16.0'
export PATH=$environment/bin:$PATH

cargo test --features cli # As the wheel is built, so that all is compiled once.
rm -rf "$CARGO_TARGET_DIR/wheels"
# maturin asks the package for its generator.
maturin build --features cli ${SUBROSA_WHEEL_FLAGS:-}
pip install --quiet --force-reinstall "$CARGO_TARGET_DIR"/wheels/subrosa-*.whl
../../ci/faces.py python "$(python -c 'import subrosa.subrosa; print(subrosa.subrosa.__file__)')"
python tests/test_subrosa.py
python examples/chat.py
[ "$(wc -l <examples/chat.py)" -le 20 ] || { echo "FAILED: the quick start is too long" >&2; exit 1; }

library=$CARGO_TARGET_DIR/debug/libsubrosa.so
out=$(mktemp -d)
for language in kotlin swift; do
  cargo run --quiet --features cli --bin uniffi-bindgen -- generate --no-format --language "$language" --out-dir "$out/$language" "$library"
done
if [ "${1:-}" = --check ]; then
  diff -ru generated "$out" || { echo "FAILED: run ci/python.sh" >&2; exit 1; }
else
  rm -rf generated
  mv "$out" generated
  chmod 755 generated
fi
