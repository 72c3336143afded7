#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Cuts the selection in `tests/vectors/rose` out of the complete vectors of the rose profile: all known answers, and the
first steps of conversations. Usage: select_rose.py FOLDER"""

import json
import pathlib
import sys

KNOWN_ANSWERS = ["primitives", "message", "malformed", "bundle", "agreement", "ratchet", "upload", "judge"]
STEPS = {
    "conversation_lockstep": 56,
    "conversation_renewal": 36,
    "conversation_rollback": 74,
    "conversation_simultaneous": 30,
    "conversation_unanswered": 20,
    "conversation_windows": 60,
    "first_contact": 14,
    "group": 104,
    "refusals": 99,
    "report": 26,
    "sas": 17,
    "split": 36,
}

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent / "rose"
for name in KNOWN_ANSWERS:
    (target / f"{name}.json").write_bytes((source / f"{name}.json").read_bytes())
for name, count in STEPS.items():
    file = json.loads((source / f"{name}.json").read_text())
    file["steps"] = file["steps"][:count]
    steps = ",\n".join(json.dumps(step, separators=(",", ":")) for step in file.pop("steps"))
    head = json.dumps(file, separators=(",", ":"))[:-1]
    (target / f"{name}.json").write_text(f'{head},"steps":[\n{steps}\n]}}\n')
