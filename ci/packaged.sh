#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Packs the crate as it would be published, and uses the package as a stranger would: an empty project depends on it,
# resolves its dependencies anew, without our Cargo.lock, and holds the conversation of ci/no_std; with the default
# features and with all; with `--each` also with each feature by itself.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(cargo package --no-verify --allow-dirty -p subrosa -p x25519-batch 2>&1) || { echo "$log" >&2; exit 1; }
# cargo looks at the registry's index for this.
if grep -i yanked <<<"$log"; then
  echo "FAILED: a version in Cargo.lock was yanked" >&2
  exit 1
fi
grep 'Packaged' <<<"$log"

place=target/packaged
rm -rf "$place/package" "$place/batch" "$place/user"
mkdir -p "$place/package" "$place/batch" "$place/user/src"
version=$(cargo metadata --no-deps --format-version 1 | grep -o '"name":"subrosa","version":"[^"]*"' | cut -d'"' -f8)
tar -xzf "target/package/subrosa-$version.crate" -C "$place/package" --strip-components 1
tar -xzf target/package/x25519-batch-*.crate -C "$place/batch" --strip-components 1
cp ci/no_std/src/{conversation,rng}.rs "$place/user/src"
cat >"$place/user/src/main.rs" <<'END'
extern crate alloc;
mod conversation;
mod rng;
fn main() {
    println!("{} messages", conversation::hold(&mut |_| {}).unwrap());
}
END

features=$(awk '/^\[/ { in_it = /^\[features\]/ } in_it && /=/ { print $1 }' "$place/package/Cargo.toml" | grep -vx default)
manifest() {
  cat <<END
[package]
name = "user"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
subrosa = { path = "../package", features = [$1] }
[patch.crates-io] # Until it is published.
x25519-batch = { path = "../batch" }
END
}

everything=$(sed 's/.*/"&"/' <<<"$features" | paste -sd,)
alone=
if [ "${1:-}" = --each ]; then alone=$(sed 's/.*/"&"/' <<<"$features"); fi
for chosen in "" $alone "$everything"; do
  manifest "$chosen" >"$place/user/Cargo.toml"
  printf 'features [%s]: ' "$chosen"
  (cd "$place/user" && CARGO_TARGET_DIR=../build cargo run --quiet)
done
cargo tree --manifest-path "$place/user/Cargo.toml" -e normal --prefix none | sed 's/ (\*)$//' | sort -u |
  { echo "versions that a project of today gets and Cargo.lock does not have:"; while read -r name version _; do
    grep -A1 -x "name = \"$name\"" Cargo.lock | grep -qx "version = \"${version#v}\"" || echo "  $name $version"
  done | grep -v '^  user ' || true; }
