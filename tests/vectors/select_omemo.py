#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Cuts the selection in `tests/vectors/omemo` out of the complete vectors of OMEMO: all cases, of the malformed ones every
third trial and those marked `free`, of one-way ones the first eight cases. Usage: select_omemo.py FOLDER"""

import json
import pathlib
import sys

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent / "omemo"
target.mkdir(exist_ok=True)
for path in sorted(source.glob("*.json")):
    file = json.loads(path.read_text())
    if path.stem.endswith("one-way"):
        file["cases"] = file["cases"][:8]
    if path.stem.endswith("malformed"):
        for case in file["cases"]:
            trials = enumerate(case.get("trials", []))
            case["trials"] = [trial for at, trial in trials if at % 3 == 0 or "free" in trial]
    (target / path.name).write_text(json.dumps(file, indent=0, separators=(",", ":")) + "\n")
