"""How many of the corpus's flaws each gate finds, and how often it is wrong."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.corpus import GATES, score

print(f"{'gate':<14} {'flaws':>5} {'found':>5} {'false':>5} {'recall':>7} {'precision':>9}")
for gate in GATES:
    result = score(gate)
    numbers = f"{result.flaws:>5} {result.found:>5} {result.false:>5}"
    print(f"{gate:<14} {numbers} {result.recall:>7.2f} {result.precision:>9.2f}")
