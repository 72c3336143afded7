#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether a face of the bindings offers all that bindings/core does.

    ci/faces.py c                                     the committed header
    ci/faces.py wasm bindings/wasm/pkg/web/subrosa.d.ts
    ci/faces.py python .../subrosa.py                 in the wheel
    ci/faces.py list                                  what bindings/core offers, and under which name each face has it

Each public operation and field of bindings/core has a name in each face, by a rule: `ReceiverKeys::from_record` is
`subrosa_receiver_keys_from_record` in C, `ReceiverKeys.fromRecord` in TypeScript, `ReceiverKeys.from_record` in Python.
What a language says in another way is in bindings/faces.txt. A name that a face lacks fails, and a line of that file that
nothing needs, too.
"""

import ast
import fnmatch
import pathlib
import re
import sys

BINDINGS = pathlib.Path(__file__).resolve().parent.parent / "bindings"
FACES = ("c", "wasm", "python")
# A test in each face compares the codes of errors; the names of files and modules are nobody's.
APART = {"Code", "Error"}


def blocks(source, pattern):
    """The heads that match, each with its block, whose closing brace stands in the first column."""
    for head in re.finditer(pattern, source, re.M):
        rest = source[head.end():]
        yield head, rest[:re.search(r"^\}", rest, re.M).start()]


def core():
    """`Type.member` of each public operation, field and variant of the types that bindings/core exports, and its
    functions."""
    exported = set(re.findall(r"\w+", " ".join(re.findall(r"^pub use \w+::(.*?);", (BINDINGS / "core/src/lib.rs").read_text(), re.M | re.S))))
    found = set()
    for path in sorted((BINDINGS / "core/src").rglob("*.rs")):
        source = path.read_text()
        found |= {name for name in re.findall(r"^pub (?:const )?fn (\w+)", source, re.M) if name in exported}
        for head, block in blocks(source, r"^impl(?:<.*?>)? (\w+)(?:<.*?>)? \{$"):
            found |= {f"{head[1]}.{name}" for name in re.findall(r"^    pub (?:const )?fn (\w+)", block, re.M) if head[1] in exported}
        for head, block in blocks(source, r"^pub struct (\w+)(?:<.*?>)? \{$"):
            found |= {f"{head[1]}.{name}" for name in re.findall(r"^    pub (\w+):", block, re.M)}
        for head, block in blocks(source, r"^pub enum (\w+) \{$"):
            found |= {f"{head[1]}.{name}" for name in re.findall(r"^    (\w+)(?:,| =|\(| \{)", block, re.M)}
    return {name for name in found if name.split(".")[0] not in APART}


def c(path=BINDINGS / "c/include/subrosa.h"):
    """Functions, `function.parameter`, `Struct.field`, constants of enums."""
    header = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)
    names = set()
    for name, parameters in re.findall(r"\b(subrosa_\w+)\(([^)]*)\)", header):
        names |= {name, *(f"{name}.{parameter}" for parameter in re.findall(r"(\w+)(?:,|$)", parameters))}
    for name, fields in re.findall(r"typedef struct (\w+) \{(.*?)\}", header, re.S):
        names |= {f"{name}.{field}" for field in re.findall(r"(\w+);", fields)}
    return names | set(re.findall(r"^\s+(SUBROSA_\w+) =", header, re.M))


def wasm(path):
    """`Class.member`, of interfaces and enums as well, and functions."""
    types = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    names = set(re.findall(r"^export function (\w+)", types, re.M))
    for head, block in blocks(types, r"^export (?:class|interface|enum) (\w+)[^\n]*\{$"):
        names |= {f"{head[1]}.{name}" for name in re.findall(r"^    (?:static |readonly )*(\w+)\??(?:\(|:| =)", block, re.M)}
    return names


def python(path):
    """`Class.member`, with the fields of records, the variants of enums, and functions."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            for member in ast.walk(node):
                if isinstance(member, (ast.FunctionDef, ast.ClassDef)):
                    names.add(f"{node.name}.{member.name}")
                if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                    names |= {f"{node.name}.{field.arg}" for field in member.args.kwonlyargs}
                if isinstance(member, ast.Assign):
                    names |= {f"{node.name}.{target.id}" for target in member.targets if isinstance(target, ast.Name)}
    return names


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def by_rule(name, face):
    owner, _, member = name.rpartition(".")
    if member == "new":
        member = {"c": "new", "wasm": "constructor", "python": "__init__"}[face]
    is_variant = member[0].isupper()
    if face == "c":
        if is_variant:
            return f"SUBROSA_{snake(owner)}_{snake(member)}".upper()
        return f"subrosa_{snake(owner)}_{member}" if owner else f"subrosa_{member}"
    if face == "wasm":
        return f"{owner}.{member if is_variant else camel(member)}" if owner else camel(member)
    return f"{owner}.{snake(member).upper() if is_variant else member}" if owner else member


def otherwise():
    """The lines of bindings/faces.txt: face, name in core, and where it is instead, all of which must be there. `*` stands
    for all members of a type, `{}` for the member. `-` is what a face does without, by a pattern."""
    lines = {}
    for line in (BINDINGS / "faces.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            lines[words[0], words[1]] = words[2:]
    return lines


def wanted(name, face, lines, used):
    owner, _, member = name.rpartition(".")
    whole = [key for key in lines if key[0] == face and lines[key] == ["-"] and fnmatch.fnmatchcase(name, key[1])]
    for key in (*whole, (face, name), (face, f"{owner}.*")):
        if key in lines and lines[key] == ["-"]:
            used.add(key)
            return []
        if key in lines:
            used.add(key)
            spelt = camel(snake(member)) if face == "wasm" else member
            return [where.replace("{}", spelt) for where in lines[key]]
    return [by_rule(name, face)]


def main(face, *path):
    lines, used, offered = otherwise(), set(), sorted(core())
    if face == "list":
        for name in offered:
            print(name.ljust(40), *(" + ".join(wanted(name, face, lines, used)).ljust(56) for face in FACES))
        return
    has = {"c": c, "wasm": wasm, "python": python}[face](*map(pathlib.Path, path))
    lacking = [(name, where) for name in offered for where in wanted(name, face, lines, used) if where not in has]
    for name, where in lacking:
        print(f"FAILED: {face} lacks {name}, as {where}", file=sys.stderr)
    idle = [key for key in lines if key[0] == face and (key not in used or lines[key] == [by_rule(key[1], face)])]
    for key in idle:
        print(f"FAILED: faces.txt: nothing needs `{' '.join(key)}`", file=sys.stderr)
    if lacking or idle:
        sys.exit(1)
    without = sum(not wanted(name, face, lines, used) for name in offered)
    apart = f", but {without} that it does without" if without else ""
    print(f"{face} has all {len(offered)} operations and fields of bindings/core{apart}")


main(*sys.argv[1:])
