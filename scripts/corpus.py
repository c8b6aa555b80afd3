"""How many of the corpus's flaws each gate finds, and how often it is wrong.

scripts/corpus.py          all gates; those that run need a Docker engine
scripts/corpus.py --read   only those that read
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.corpus import READ, Score, read, score
from tests.support.corpus_run import RUN, runner


def row(result: Score) -> str:
    """One line of the table."""
    numbers = f"{result.flaws:>5} {result.found:>5} {result.false:>5}"
    return f"{result.gate:<14} {numbers} {result.recall:>7.2f} {result.precision:>9.2f}"


print(f"{'gate':<14} {'flaws':>5} {'found':>5} {'false':>5} {'recall':>7} {'precision':>9}")
for gate in READ:
    print(row(score(gate, read)))
if "--read" not in sys.argv[1:]:
    with runner() as run:
        for gate in RUN:
            print(row(score(gate, run)), flush=True)
