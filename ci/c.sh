#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The C library: its header, its tests under valgrind, and the quick starts in C, C++, Go and Java.
set -euo pipefail
cd "$(dirname "$0")/../bindings"

missing=()
command -v valgrind >/dev/null || missing+=(valgrind)
command -v go >/dev/null || missing+=(golang-go)
command -v javac >/dev/null || missing+=(openjdk-17-jdk-headless)
[ -f /usr/share/java/jna.jar ] || missing+=(libjna-java)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

../ci/c-header.sh --check
../ci/faces.py c
cargo test -p subrosa-c -p subrosa-binding
cargo build -p subrosa-c
target=${CARGO_TARGET_DIR:-target}
libraries=$(cd "$target/debug" && pwd)
out=$libraries/c
mkdir -p "$out"
export LD_LIBRARY_PATH=$libraries

warnings=(-Wall -Wextra -Werror -pedantic)
cc -std=c11 "${warnings[@]}" -g -Ic/include c/tests/misuse.c -o "$out/misuse" -L"$libraries" -lsubrosa_c -lpthread
# No leak of any kind but what a thread or a static keeps; no invalid access; no jump on memory that was not set.
valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible \
  --errors-for-leak-kinds=definite,indirect,possible "$out/misuse"

cc -std=c11 "${warnings[@]}" -Wno-misleading-indentation -Ic/include c/examples/chat.c -o "$out/chat-c" -L"$libraries" -lsubrosa_c
c++ -std=c++11 "${warnings[@]}" -Ic/include c/examples/chat.cc -o "$out/chat-cc" -L"$libraries" -lsubrosa_c
valgrind --quiet --error-exitcode=9 --leak-check=full "$out/chat-c"
valgrind --quiet --error-exitcode=9 --leak-check=full "$out/chat-cc"
(cd c/examples/go && CGO_LDFLAGS="-L$libraries" GOFLAGS=-mod=mod go build -o "$out/chat-go" . && "$out/chat-go")
javac -cp /usr/share/java/jna.jar -d "$out/java" c/examples/java/*.java
java -cp "/usr/share/java/jna.jar:$out/java" -Djna.library.path="$libraries" Chat
for example in c/examples/chat.c c/examples/chat.cc c/examples/go/chat.go c/examples/java/Chat.java; do
  lines=$(wc -l <"$example")
  [ "$lines" -le 21 ] || { echo "FAILED: $example has $lines lines" >&2; exit 1; }
done
