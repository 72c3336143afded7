#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The crate crates/x25519-batch by itself: format, lints, documentation, a build without `std`, and its tests on three
# processors: this one, one with AVX2, and one without. QEMU plays the latter two, and has no AVX-512. x86-64 only.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v qemu-x86_64 >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends qemu-user >/dev/null
}
batch=(-p x25519-batch)

cargo fmt "${batch[@]}" --check
cargo clippy "${batch[@]}" --all-targets -- -D warnings
cargo clippy "${batch[@]}" --features precomputed-tables -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc "${batch[@]}" --no-deps

# Another architecture, without `std`. Where the target is not installed, the sources of Debian's second compiler do; see
# ci/bare-metal.sh.
target=thumbv7em-none-eabihf
if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
  cargo build "${batch[@]}" --target "$target"
elif [ -d /usr/lib/rustlib/src/rust/library ] && [ -x /usr/bin/rustc ]; then
  RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc cargo build "${batch[@]}" -Zbuild-std=core,alloc --target "$target"
else
  echo "NOT BUILT for $target: neither the target nor the library's sources are installed"
fi

# On this processor with all that it has, whatever that is: the tests say what is missing.
cargo test "${batch[@]}"

# And on two others, of which it is known what they have.
runner=CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER
X25519_BATCH_BEST=Avx2 env "$runner=qemu-x86_64 -cpu max" cargo test "${batch[@]}"
X25519_BATCH_BEST=Portable env "$runner=qemu-x86_64 -cpu Nehalem" cargo test "${batch[@]}"
