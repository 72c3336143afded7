#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fails if a dependency of the stores, the bindings or the explorer is under a licence that binds who links it. The
crate's own are looked at by tests/project/supply_chain.rs. UniFFI alone is under the MPL-2.0, and only Python, Kotlin
and Swift have it: bindings/uniffi/README.md says what that means."""

import json
import re
import subprocess
import sys

PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib"}
MANIFESTS = ["stores", "bindings", "bindings/uniffi", "explorer/lab"]


def allowed(expression, more=frozenset()):
    """Whether one of the alternatives has permissive parts alone."""
    plain = re.sub(r" WITH [\w-]+", "", expression.replace("/", " OR ")).replace("(", " ").replace(")", " ")
    parts = [{part.strip() for part in alternative.split(" AND ")} for alternative in plain.split(" OR ")]
    if " AND " in plain and "(" in expression:  # Mixed: each name must do.
        return {name for part in parts for name in part} <= PERMISSIVE | more
    return any(part <= PERMISSIVE | more for part in parts)


wrong = []
for manifest in MANIFESTS:
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", "--manifest-path", f"{manifest}/Cargo.toml"]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packages"]
    for package in packages:
        more = {"MPL-2.0"} if manifest == "bindings/uniffi" and package["name"].startswith("uniffi") else frozenset()
        if not package["license"] or not allowed(package["license"], more):
            wrong.append(f"{manifest}: {package['name']} {package['version']}: {package['license']}")
    print(f"{manifest}: {len(packages)} packages")
sys.exit("\n".join(wrong) or 0)
