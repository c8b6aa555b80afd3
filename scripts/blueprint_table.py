"""Builds, tests and gates every combination of blueprints on SQLite and PostgreSQL, and prints the table.

blueprint_table.py [--without-probes] [NAME ...]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox.docker import DockerEngine
from tests.support.blueprint_table import GATES, rows, sandbox_for
from tests.support.combinations import COMBINATIONS

probes = "--without-probes" not in sys.argv
wanted = [name for name in sys.argv[1:] if name != "--without-probes"] or list(COMBINATIONS)
unknown = [name for name in wanted if name not in COMBINATIONS]
if unknown:
    sys.exit(f"no such combination: {', '.join(unknown)}; there are: {', '.join(COMBINATIONS)}")
bad = 0
engine = DockerEngine()
print(f"| {'combination':<24} | {'database':<10} | tests | seconds | gates |")
print(f"|{'-' * 26}|{'-' * 12}|------:|--------:|-------|")
with sandbox_for(engine, wanted, probes=probes) as box:
    for name in wanted:
        for row in rows(box, name, probes=probes):
            clean = "clean" if not row.failed else ", ".join(gate for gate in GATES if gate in row.failed)
            numbers = f"{row.tests:>5} | {row.seconds:>7.1f}"
            print(f"| {row.name:<24} | {row.database:<10} | {numbers} | {clean} |", flush=True)
            bad += bool(row.failed)
            for gate, told in row.failed.items():
                print(f"  {gate}: {told}", file=sys.stderr)
engine.close()
print(f"\n{len(wanted)} combinations on two databases, {bad} rows not clean")
sys.exit(bool(bad))
