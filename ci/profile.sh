#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Where the time of the headline operations goes: samples of perf inside what benches/instructions.rs measures, by what
# the sampled function belongs to. Prints a table in percent. Needs perf; the processor runs as it does for anybody, with
# SHA-NI and AVX-512 where it has those.
set -euo pipefail
cd "$(dirname "$0")/.."

# With frame pointers stacks are walked whatever their size: that of ML-KEM is larger than what perf copies.
export CARGO_PROFILE_BENCH_DEBUG=false CARGO_TARGET_DIR=target/profile RUSTFLAGS="-C force-frame-pointers=yes"
bench=$(cargo bench --package subrosa-benches --bench instructions --no-run 2>&1 | sed -n 's/.*(\(target.*\))$/\1/p')
[ -x "$bench" ] || { echo "the benchmark was not built" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

# The leaf of each stack that has `measured` in it.
leaves() {
  perf record -q -o "$scratch/data" -e cpu-clock -F 4000 --call-graph fp "$bench" "$1" "$2" >/dev/null 2>&1
  perf script -i "$scratch/data" -F ip,sym 2>/dev/null | awk '
    NF { $1 = ""; if (!leaf) leaf = $0; if (/instructions.*measured/) inside = 1; next }
    { if (inside) print leaf; leaf = ""; inside = 0 }'
}

echo "| operation | SHA-2, HMAC, HKDF | AES, GCM | curve | ML-KEM, Kyber | erasure code | memory | the rest |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
while IFS='|' read -r repeat name; do
  leaves "$name" "$repeat" | awk -v name="$name" '
    /sha2::|hmac|crypto::mac|crypto::kdf/ { sha++; next }
    /aes|cbc|ctr::|polyval|ghash|gcm/ { aes++; next }
    /curve25519|crypto::curve|xeddsa|subtle/ { curve++; next }
    /libcrux|crypto::kem/ { kem++; next }
    /erasure|gf16|lagrange/ { erasure++; next }
    /malloc|free|memmove|memcpy|memset|realloc|alloc::|clear_page|page_fault/ { memory++; next }
    { rest++ }
    END {
      all = sha + aes + curve + kem + erasure + memory + rest
      if (all < 200) { print "too few samples: " name ": " all > "/dev/stderr"; exit 1 }
      printf "| %s", name
      printf " | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f |\n", 100 * sha / all, 100 * aes / all, \
        100 * curve / all, 100 * kem / all, 100 * erasure / all, 100 * memory / all, 100 * rest / all
    }'
done <<'END'
1000|session/initiate
1000|session/accept a first message of 64 B
20000|session/encrypt 1 KiB, one way
20000|session/decrypt 1 KiB, one way
20000|session/encrypt 1 KiB, one way, version 3
20000|session/decrypt 1 KiB, one way, version 3
40|session/two DH ratchet steps, 1 KiB each way
10|session/decrypt after a skip of 24,999
5000|group/encrypt 1 KiB
5000|group/decrypt 1 KiB in order
1500|sealed/seal 1 KiB, v1
1500|sealed/open 1 KiB and verify, v1
20|sealed/seal 1 KiB for 1,000, for each, v2, agreements kept
200|fingerprint/hash of one party
3000|braid/send, average of an epoch
3000|braid/receive, average of an epoch
END
