#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds ci/no_std for a Cortex-M4F (thumbv7em-none-eabihf) and for WebAssembly (wasm32-unknown-unknown) with a
# standard library cut down to core and alloc, and runs both: under QEMU, and under Node. Prints what each stage of
# the conversation takes, and fails if code, stack, heap or instructions are beyond what ci/no_std/budget.txt allows.
#
# Both targets need the library's sources. They come with Debian's second Rust compiler, which must be the one
# that compiles them; its linker is the one of the toolchain that `rustc` names.
set -euo pipefail
cd "$(dirname "$0")/no_std"

if ! [ -d /usr/lib/rustlib/src/rust/library ] || ! [ -x /usr/bin/rustc ] || ! command -v qemu-system-arm >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    rustc-web rust-web-src qemu-system-arm >/dev/null
fi

linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
export CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER=$linker CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
export CARGO_TARGET_DIR=../../target/bare_metal
cp ../../Cargo.lock Cargo.lock # The versions that the crate itself is tested with.

# What only a machine with an operating system can do must not be among what is linked.
if cargo tree --edges normal --target all --prefix none | grep -E '^(rayon|crossbeam)'; then
  echo "FAILED: the feature \`parallel\` is on" >&2
  exit 1
fi

build() {
  RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc cargo build --release -Zbuild-std=core,alloc --target "$1"
}

budget() {
  local allowed
  allowed=$(awk -v name="$1" '$1 == name { print $2 }' budget.txt)
  [ -n "$allowed" ] || { echo "FAILED: budget.txt has no $1" >&2; exit 1; }
  printf '%-22s %11d of %11d\n' "$1" "$2" "$allowed"
  if [ "$2" -gt "$allowed" ]; then
    echo "FAILED: $1 is beyond its budget" >&2
    exit 1
  fi
}

build thumbv7em-none-eabihf
binary=$CARGO_TARGET_DIR/thumbv7em-none-eabihf/release/no-std-proof
echo "on a Cortex-M4F:"
said=$(timeout 300 qemu-system-arm -cpu cortex-m4 -machine mps2-an386 -nographic -icount shift=0 \
  -semihosting-config enable=on,target=native -kernel "$binary" 2>&1) || { echo "$said" >&2; exit 1; }
echo "$said"
number() {
  sed -n "s/^$1.* *$2 \([0-9]*\).*/\1/p" <<<"$said"
}
budget cortex-m.code "$(number '' code)"
budget cortex-m.data "$(number 'code' data)"
budget cortex-m.stack "$(number 'all:' stack)"
budget cortex-m.heap "$(number 'all:' heap)"
budget cortex-m.instructions "$(number 'all:' instructions)"

build wasm32-unknown-unknown
binary=$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/no-std-proof.wasm
said=$(node wasm.mjs "$binary")
echo "in WebAssembly:"
budget wasm.code "$(stat -c %s "$binary")"
budget wasm.compressed "$(gzip -9 <"$binary" | wc -c)"
budget wasm.stack "$(number 'all:' stack)"
budget wasm.heap "$(number 'all:' heap)"
