"""Prints the largest parts of a program that still has its symbols, by crate, in kB.

Generic code counts for the crate that wrote it. What has no Rust path is C or assembly. What has no symbol at all is strings
and other constants, relocations and the tables for unwinding; `.rodata` has most of a program's compiled-in root certificates.
"""

import collections
import re
import subprocess
import sys

SHOWN = 16


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def crate(name):
    path = re.match(r"[<&*(\[ ]*(?:(?:dyn|mut|const|impl) )*(\w+)(?:\[[0-9a-f]+\])?::", name)
    return path.group(1) if path else "no Rust path"


program = sys.argv[1]
sizes = collections.Counter()
for line in run("nm", "--size-sort", "-S", "--demangle", program):
    _, size, kind, name = line.split(" ", 3)
    if kind not in "bB":
        sizes[crate(name)] += int(size, 16)
sections = {}
for line in run("size", "-A", "-d", program):
    match = re.match(r"(\.\S+)\s+(\d+)\s+(\d+)$", line)
    if match and match.group(3) != "0" and match.group(1) not in (".bss", ".tbss"):
        sections[match.group(1)] = int(match.group(2))
whole = sum(sections.values())
rows = sizes.most_common(SHOWN)
rows += [
    ("all other crates", sum(sizes.values()) - sum(size for _, size in rows)),
    ("without a symbol", whole - sum(sizes.values())),
    ("**whole**", whole),
]
print("| crate | kB | % |\n|---|---|---|")
for name, size in rows:
    print(f"| {name} | {size / 1e3:.0f} | {100 * size / whole:.0f} |")
print("\nSections, kB: " + ", ".join(f"{name} {size / 1e3:.0f}" for name, size in sorted(sections.items(), key=lambda s: -s[1])[:6]))
