#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Cuts the selection in this folder out of the complete recordings: select.py FOLDER_OF_COMPLETE_FILES.

Whole cases are left out; nothing in a case is changed, so numbers of steps stay what they are.
"""

import json
import pathlib
import sys

# File: the cases to leave out.
SELECTION = {
    "libsignal-0.103.0/primitives.json": [],
    "libsignal-0.103.0/certificates.json": [],
    "libsignal-0.103.0/fingerprints.json": [],
    "libsignal-0.103.0/retry.json": [],
    "libsignal-0.103.0/one-way.json": [
        "100 messages in order",
        "100 messages shuffled",
        "100 messages, some lost, some twice, in any order",
        "plaintext sizes",
        "addresses: phone numbers",
        "addresses: plain sender, ACI recipient",
        "addresses: ACI sender, plain recipient",
        "two devices of one account",
    ],
    "libsignal-0.103.0/both-ways.json": [
        "bursts",
        "bad network",
        "bad network between two devices of one account",
    ],
    "libsignal-0.103.0/limits.json": ["forty archived sessions"],
    "libsignal-0.103.0/malformed.json": [
        "prekey messages",
        "sender key messages",
        "sender key distribution messages",
        "sealed sender",
        "session and sender key records",
    ],
    "libsignal-0.103.0/older-clients.json": ["0.60.2 both"],
    "whatsapp-v3/official-0.22.0-one-way.json": [],
    "whatsapp-v3/official-0.22.0-both-ways.json": ["bursts"],
    "whatsapp-v3/official-0.22.0-malformed.json": [],
    "whatsapp-v3/npm-one-way.json": ["100 messages in order", "plaintext sizes"],
    "whatsapp-v3/npm-both-ways.json": ["bursts", "bad network"],
    "whatsapp-v3/npm-malformed.json": [],
    "whatsapp-v3/wacore-one-way.json": ["100 messages in order", "plaintext sizes"],
    "whatsapp-v3/wacore-both-ways.json": ["bursts", "bad network"],
    "whatsapp-v3/wacore-malformed.json": [],
    "whatsapp-v3/cross-npm-wacore.json": ["plaintext sizes", "bursts", "bad network"],
    "whatsapp-v3/cross-wacore-npm.json": ["plaintext sizes", "bursts", "bad network"],
}

here = pathlib.Path(__file__).resolve().parent
for name, left_out in SELECTION.items():
    file = json.loads((pathlib.Path(sys.argv[1]) / name).read_text())
    names = {case["name"] for case in file["cases"]}
    assert names.issuperset(left_out), f"{name}: {left_out} are not all there"
    cases = [case for case in file["cases"] if case["name"] not in left_out]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = {key: value for key, value in file.items() if key != "cases"}
    text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    assert json.loads(text) == {**head, "cases": cases}
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text(text)
