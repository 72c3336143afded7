#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Generates bindings/c/include/subrosa.h, or, with --check, fails if it is not what cbindgen makes of the sources.
set -euo pipefail
cd "$(dirname "$0")/../bindings/c"

tools=${CARGO_TARGET_DIR:-$(cd ../.. && pwd)/target}/tools
export PATH=$tools/bin:$PATH
version=0.29.4
if [ "$(cbindgen --version 2>/dev/null)" != "cbindgen $version" ]; then
  cargo install cbindgen --version "$version" --locked --debug --root "$tools" --target-dir "$tools/build"
fi

# The wrappers of pointers are pointers: no names are made up for them.
header() {
  cbindgen --quiet --config cbindgen.toml | perl -0pe '
    s{(?://[^\n]*\n)*typedef [^;]*\b(?:Out|In)_\w+;\n\n}{}g;
    s{(?://[^\n]*\n)*typedef const char \*Text;\n\n}{}g;
    s{\bOut_usize }{size_t *}g; s{\bIn_usize }{const size_t *}g;
    s{\b(Out|In)_([ui])(8|16|32|64) }{($1 eq "In" ? "const " : "") . ($2 eq "u" ? "uint" : "int") . "$3_t *"}ge;
    s{\bOut_bool }{bool *}g;
    s{\bOut_(\w+) }{$1 *}g; s{\bIn_(\w+) }{const $1 *}g;
    s{\bText }{const char *}g;
    s{(typedef struct (Subrosa\w+))}{$1}g;
    s{(?<![\w])(Subrosa(?:Bytes|Buffer|Manifest|PreKey|BundleParts|Each|DeviceMessage|ServiceAnswer|Party|SealedInfo|ForMany|OmemoBundle|OmemoIncoming|SenderClaims|Write|AccountOptions)) \*}{struct $1 *}g;
    s{struct struct }{struct }g'
}

case ${1:-} in
  --check)
    diff -u include/subrosa.h <(header) || { echo "FAILED: run ci/c-header.sh" >&2; exit 1; }
    ;;
  *) header >include/subrosa.h ;;
esac
