#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Cuts the selection in this folder out of the complete recordings: select.py FOLDER_OF_COMPLETE_FILES.

Whole cases are left out, and trials of some; no step is, so numbers of steps stay what they are.
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
    "libsignal-0.103.0/sealed-v1.json": ["not for me", "content hints, groups, other contents"],
    "libsignal-0.103.0/sealed-v2.json": ["four accounts, nine devices", "thirty accounts"],
    "libsignal-0.103.0/groups.json": ["200 messages", "plaintext sizes"],
    "libsignal-0.103.0/malformed.json": ["prekey messages"],
    "libsignal-0.103.0/older-clients.json": ["0.60.2 both"],
    "whatsapp-v3/official-0.22.0-one-way.json": ["plaintext sizes"],
    "whatsapp-v3/official-0.22.0-both-ways.json": ["bursts", "bad network"],
    "whatsapp-v3/official-0.22.0-malformed.json": [],
    "whatsapp-v3/npm-one-way.json": ["100 messages in order", "plaintext sizes"],
    "whatsapp-v3/npm-both-ways.json": ["bursts", "bad network"],
    "whatsapp-v3/npm-malformed.json": [],
    "whatsapp-v3/wacore-one-way.json": ["100 messages in order", "plaintext sizes"],
    "whatsapp-v3/wacore-both-ways.json": ["bursts", "bad network"],
    "whatsapp-v3/wacore-malformed.json": [],
    "whatsapp-v3/wacore-groups.json": ["200 messages", "plaintext sizes"],
    "whatsapp-v3/cross-npm-wacore.json": ["plaintext sizes", "bursts", "bad network"],
    "whatsapp-v3/cross-wacore-npm.json": ["plaintext sizes", "bursts", "bad network"],
}

# Cases of which only every nth trial is kept: trials do not see each other.
THINNED = {"sealed sender": 8}

here = pathlib.Path(__file__).resolve().parent
for name, left_out in SELECTION.items():
    file = json.loads((pathlib.Path(sys.argv[1]) / name).read_text())
    names = {case["name"] for case in file["cases"]}
    assert names.issuperset(left_out), f"{name}: {left_out} are not all there"
    cases = [case for case in file["cases"] if case["name"] not in left_out]
    for case in cases:
        if case["name"] in THINNED:
            case["trials"] = case["trials"][:: THINNED[case["name"]]]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = {key: value for key, value in file.items() if key != "cases"}
    text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    assert json.loads(text) == {**head, "cases": cases}
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text(text)
